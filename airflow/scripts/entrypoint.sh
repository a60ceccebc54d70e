#!/bin/sh
# Starts a role of the image `pipeline`: secrets, init, webserver or scheduler. Anything else is run as a command.
set -eu
umask 0002 # group 0 may go on with what another user id began

SECRETS=/secrets
GIVEN=/run/secrets # where docker compose mounts file secrets
CODE=/opt/pipeline/airflow

fail() { echo "$*" >&2; exit 1; }

# Write a secret that is missing; a given one wins. All files can be read by the group, in which these containers are.
keep_secret() { # NAME PYTHON_EXPRESSION
    file=$SECRETS/$1
    if [ -e "$GIVEN/$1" ]; then
        [ -s "$GIVEN/$1" ] && [ -r "$GIVEN/$1" ] ||
            fail "The given secret $1 is empty, or user $(id -u) cannot read it. Mend the file, or set CONTAINER_UID in .env."
        echo "$1: given"
        cat "$GIVEN/$1" > "$file.new"
    elif [ -e "$file" ]; then
        echo "$1: there already"
        return
    else
        echo "$1: made"
        python -c "import base64, secrets; print($2, end='')" > "$file.new"
    fi
    chmod 0440 "$file.new"
    mv -f "$file.new" "$file"
}

make_secrets() {
    umask 0077
    keep_secret postgres_password 'secrets.token_urlsafe(32)'
    keep_secret web_password 'secrets.token_urlsafe(12)'
    keep_secret fernet_key 'base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()'
    keep_secret web_secret_key 'secrets.token_urlsafe(32)'
}

require_code() {
    [ -r $CODE/dags/main_dag.py ] && [ -r $CODE/config/airflow.cfg ] && [ -r $CODE/plugins/warehouse/catalog.py ] ||
        fail "User $(id -u) cannot read ./airflow: set CONTAINER_UID=$(stat -c %u $CODE) in .env, or chmod -R a+rX airflow."
}

# Airflow says a lot of what it sets up: show it only where that fails.
quietly() { # WHAT COMMAND...
    echo "$1"; shift
    "$@" > /tmp/quietly.log 2>&1 || { cat /tmp/quietly.log >&2; fail "\`$*\` failed: see above."; }
}

init() {
    require_code
    quietly "Airflow's database: schema" airflow db migrate
    case ,${LOCAL_AWS:-}, in *,local,*)
        python -m iac up
        python -m iac upload /sample_data
    esac
    quietly "Airflow: roles" airflow sync-perm # else the web server makes them, and tells of each
    quietly "Airflow: user admin" python $CODE/scripts/admin_user.py admin $SECRETS/web_password
    quietly "Airflow: connections and pool" python $CODE/scripts/connections.py
    echo "Ready. The web UI's user is admin; its password: docker compose exec webserver cat $SECRETS/web_password"
}

case ${1:-} in
    secrets) make_secrets ;;
    init) init ;;
    webserver | scheduler) require_code; exec airflow "$1" ;;
    # What Airflow asks for its database's address; it is printed for Airflow alone, and stands nowhere.
    database_url)
        exec python -c "from urllib.parse import quote
with open('$SECRETS/postgres_password', encoding='utf-8') as file:
    print(f'postgresql+psycopg2://airflow:{quote(file.read().strip(), safe=\"\")}@postgres/airflow', end='')" ;;
    *) exec "$@" ;;
esac
