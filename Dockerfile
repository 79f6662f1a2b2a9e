# The operator's image. BASE is any image with Python 3.11 or newer and its venv module: a mirror's copy, say, or (as in
# this repository's own tests) one that is made from distribution packages.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
RUN python3 -m venv /opt/operator
# The pins first: a change of the operator alone doesn't install them again.
COPY .ci/requirements.txt .
RUN /opt/operator/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary=:all: -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN /opt/operator/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps . \
    && /opt/operator/bin/pip uninstall --yes --quiet setuptools pip

FROM ${BASE}
LABEL org.opencontainers.image.title="registry-operator" \
      org.opencontainers.image.description="Gives every team its own private container registry" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/operator /opt/operator
# PYTHONSAFEPATH: nothing is imported from the folder that the process happens to start in.
ENV PATH=/opt/operator/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["python", "-m", "registry_operator"]
