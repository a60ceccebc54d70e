"""What is taught: degrees, their sections in order, the projects and videos of each section."""

from __future__ import annotations

from dataclasses import dataclass

_FORMS = ("{}", "{}: a worked example", "{}: mistakes to avoid")
_SYLLABUS = {
    "data_science": (
        ("Statistics in Practice", ("Test a New Checkout Page",), ("Probability", "Sampling", "Hypothesis Tests")),
        ("Python for Analysis", ("Clean a City's Bicycle Counts",), ("NumPy Arrays", "Pandas Joins", "Missing Values")),
        (
            "Supervised Learning",
            ("Predict Hospital Waiting Times", "Who Will Renew?"),
            ("Trees", "Regularisation", "Metrics"),
        ),
        ("Unsupervised Learning", ("Group the Customers of a Bakery",), ("K-Means", "Principal Components", "Density")),
        ("Experiments", ("Plan and Read an Experiment",), ("Power", "Randomisation", "Many Comparisons")),
        ("Recommendation", ("Recommend Library Books",), ("Matrix Factors", "Cold Start", "Offline Evaluation")),
    ),
    "data_analytics": (
        ("Asking Questions of Data", ("Describe a Neighbourhood",), ("Distributions", "Outliers", "Correlation")),
        ("SQL for Analysts", ("Query a Music Shop",), ("Joins", "Window Functions", "Subqueries")),
        (
            "Spreadsheets and Reports",
            ("Monthly Report for a Café", "Find the Leak in a Budget"),
            ("Pivots", "Charts", "Checks"),
        ),
        ("Data Wrangling", ("Tidy Ten Years of Weather",), ("Reshaping", "Dates and Time Zones", "Encodings")),
        ("Visualisation", ("Tell the Story of a River",), ("Colour", "Scales", "Small Multiples")),
        ("Dashboards", ("Dashboard for a Night Bus",), ("Filters", "Refresh", "Words on a Page")),
    ),
    "data_engineering": (
        (
            "Data Modelling",
            ("Model a Ticket Office", "Model a Museum's Archive"),
            ("Normal Forms", "Star Schemas", "Keys"),
        ),
        ("Cloud Warehouses", ("Warehouse for a Radio Station",), ("Distribution Keys", "Sort Keys", "Bulk Loads")),
        ("Data Lakes", ("A Lake of Sensor Readings",), ("Partitions", "Columnar Files", "Schema Changes")),
        ("Pipelines", ("Schedule a Nightly Load",), ("Retries", "Backfills", "Idempotence")),
        ("Data Quality", ("Guard a Pipeline with Checks",), ("Expectations", "Late Data", "Lineage")),
        ("Streaming", ("Count Trams as They Pass",), ("Windows", "Offsets", "Delivery Guarantees")),
    ),
    "machine_learning": (
        ("Foundations of Learning", ("Separate Ripe from Unripe",), ("Loss Functions", "Gradients", "Overfitting")),
        ("Neural Networks", ("Read Handwritten Postcodes",), ("Backpropagation", "Initialisation", "Dropout Layers")),
        ("Computer Vision", ("Name the Bird", "Count the Boats"), ("Convolutions", "Augmentation", "Transfer")),
        ("Language", ("Sort a Town Hall's Mail",), ("Tokens", "Embeddings", "Attention")),
        ("Learning by Reward", ("Teach a Cart to Balance",), ("Value Functions", "Exploration", "Policies")),
        ("Models in Production", ("Serve a Model for a Week",), ("Monitoring", "Drift", "Rollbacks")),
    ),
}
_VIDEOS_EACH = 9


@dataclass(frozen=True)
class Section:
    """A part of a degree. ``end`` is how many of the degree's videos a student has passed when it is done."""

    section_id: int
    name: str
    topics: tuple[str, ...]
    projects: tuple[tuple[int, str], ...]
    end: int


@dataclass(frozen=True)
class Degree:
    """A degree with its sections in the order in which they are taken; ``number`` is unique, ids are made from it."""

    name: str
    number: int
    sections: tuple[Section, ...]
    videos: tuple[tuple[int, str, Section], ...]


def _degree(name: str, number: int) -> Degree:
    sections: list[Section] = []
    videos: list[tuple[int, str, Section]] = []
    next_project = 100 * number + 1
    for place, (section_name, projects, topics) in enumerate(_SYLLABUS[name], start=1):
        numbered = tuple(enumerate(projects, start=next_project))
        next_project += len(projects)
        section = Section(10 * number + place, section_name, topics, numbered, place * _VIDEOS_EACH)
        sections.append(section)
        for video_name in (form.format(topic) for topic in topics for form in _FORMS):
            videos.append((1000 * number + len(videos) + 1, video_name, section))
    return Degree(name, number, tuple(sections), tuple(videos))


DEGREES: dict[str, Degree] = {name: _degree(name, number) for number, name in enumerate(_SYLLABUS, start=1)}
