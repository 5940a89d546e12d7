# Airflow with this package in it.
#
# Built on plain Python and requirements.txt, not on the apache/airflow image: that one brings its own versions of Airflow's
# dependencies, and the versions that were tested are the ones in the lock.
# Another one only where no image registry is reached (make containers).
ARG PYTHON_IMAGE=python:3.12-slim
FROM ${PYTHON_IMAGE}

# Extras of pyproject.toml that go in: Airflow's FAB auth manager (users in its database), and Celery. `--build-arg EXTRAS=fab` has no Celery.
ARG EXTRAS="fab celery"

# HOME and USER, as compose may run it as a user whom the image does not know (AIRFLOW_UID).
ENV AIRFLOW_HOME=/opt/airflow \
    HOME=/opt/airflow \
    USER=airflow \
    PYTHONPATH=/opt/airflow/plugins \
    PYTHONUNBUFFERED=1

# The group is root's, as in Airflow's own image, so that platforms which choose the user id at start can write as well.
RUN useradd --uid 50000 --gid 0 --create-home --home-dir "$AIRFLOW_HOME" airflow \
    && mkdir "$AIRFLOW_HOME/config" "$AIRFLOW_HOME/logs" \
    && chown -R airflow:0 "$AIRFLOW_HOME" \
    && chmod -R g=u "$AIRFLOW_HOME"
WORKDIR $AIRFLOW_HOME

# As constraints the lock gives the package's own dependencies their tested versions and hashes, and leaves out the tools for
# testing that are in it too.
COPY pyproject.toml requirements.txt ./
RUN pip install --no-cache-dir "$(grep --only-matching '^uv==[0-9.]*' requirements.txt)" \
    && uv pip install --system --no-cache --compile-bytecode --require-hashes $(printf -- '--extra %s ' $EXTRAS) \
        -r pyproject.toml -c requirements.txt \
    && pip uninstall --yes uv

COPY --chown=airflow:0 include include
COPY --chown=airflow:0 plugins plugins
COPY --chown=airflow:0 dags dags
COPY --chown=airflow:0 config config

# As Airflow's own image takes it: a command of Airflow's, or one of these programs.
RUN printf '%s\n' '#!/bin/sh' \
        'case "$1" in airflow | bash | python | sh) exec "$@" ;; esac' \
        'exec airflow "$@"' > /usr/local/bin/entrypoint \
    && chmod a+x /usr/local/bin/entrypoint

USER airflow
ENTRYPOINT ["entrypoint"]
CMD ["version"]
