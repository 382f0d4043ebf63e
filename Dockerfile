# Taleturn with its bundled model, for a machine without GPU.
#
#     docker build --tag taleturn .
#     docker run --env TALETURN_TELEGRAM_TOKEN --env TALETURN__TELEGRAM__ENABLED=true --volume taleturn:/data taleturn
FROM python:3.11-slim

# A build of torch for CPUs is taken where pip is offered one; see the Makefile.
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot bot
COPY core core
COPY adapters adapters
COPY migrations migrations
RUN (pip install --no-cache-dir "$(grep '^torch==' constraints.txt)+cpu" || true) \
 && pip install --no-cache-dir --constraint constraints.txt --editable . \
 && useradd --create-home taleturn \
 && install --directory --owner taleturn /data

USER taleturn
ENV TALETURN__BOT__DATA=/data
VOLUME /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["taleturn"]
CMD ["run"]
