# Two images: `pipeline` (Airflow with our DAG; init, webserver and scheduler) and `local-aws` (AWS on this machine).
# Neither holds configuration, credentials or data: docker-compose.yml mounts them.
FROM python:3.11-slim-bookworm AS python
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1
# Group 0 may write what the user may: so any other user id works, too, as long as its group is 0.
RUN useradd --uid 50000 --gid 0 --create-home --home-dir /home/airflow airflow && chmod 0770 /home/airflow

FROM python AS installer
WORKDIR /requirements
COPY requirements/tools.txt ./
RUN --mount=type=cache,target=/root/.cache \
    python -m venv /opt/tools && /opt/tools/bin/pip install --require-hashes -r tools.txt && \
    /opt/tools/bin/uv venv /opt/venv
# Code is compiled here, once: the containers cannot write to it.
ENV VIRTUAL_ENV=/opt/venv UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
ENV PATH=/opt/tools/bin:$PATH

FROM installer AS local-aws-packages
COPY requirements/local-aws.txt ./
RUN --mount=type=cache,target=/root/.cache uv pip install --system-certs --require-hashes -r local-aws.txt

FROM installer AS pipeline-packages
COPY requirements/pipeline.txt ./
RUN --mount=type=cache,target=/root/.cache uv pip install --system-certs --require-hashes -r pipeline.txt

FROM python AS local-aws
COPY --from=local-aws-packages /opt/venv /opt/venv
COPY local_aws /opt/pipeline/local_aws
RUN python -m compileall -q /opt/pipeline && install -d -o airflow -g root -m 0770 /state /aws
ENV PYTHONPATH=/opt/pipeline
WORKDIR /opt/pipeline
USER 50000:0
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import json, socket; at = json.load(open('/state/endpoints.json')); [socket.create_connection(('127.0.0.1', at[f'{name}_port']), 3).close() for name in ('aws', 's3', 'redshift')]"]
ENTRYPOINT ["python", "-m", "local_aws"]

FROM python AS pipeline
COPY --from=pipeline-packages /opt/venv /opt/venv
COPY airflow/scripts/entrypoint.sh /usr/local/bin/
COPY iac /opt/pipeline/iac
COPY airflow/dags /opt/pipeline/airflow/dags
COPY airflow/plugins /opt/pipeline/airflow/plugins
COPY airflow/scripts /opt/pipeline/airflow/scripts
# What pyproject.toml says for laptops: `warehouse` can be imported anywhere, `repair` is a command.
RUN printf '#!/bin/sh\nexec python -m warehouse.repair_command "$@"\n' > /usr/local/bin/repair && \
    chmod 0755 /usr/local/bin/repair && \
    python -m compileall -q /opt/pipeline && \
    install -d -o airflow -g root -m 2770 /secrets /logs /found
ENV PYTHONPATH=/opt/pipeline:/opt/pipeline/airflow/plugins \
    HOME=/home/airflow USER=airflow AIRFLOW_HOME=/home/airflow \
    AIRFLOW_CONFIG=/opt/pipeline/airflow/config/airflow.cfg
WORKDIR /opt/pipeline
USER 50000:0
# The web server's; the scheduler answers on another port, which docker-compose.yml says.
ENV HEALTH_URL=http://127.0.0.1:8080/health
HEALTHCHECK --interval=5s --timeout=5s --start-period=120s --retries=6 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(os.environ['HEALTH_URL'], timeout=4)"]
ENTRYPOINT ["entrypoint.sh"]
