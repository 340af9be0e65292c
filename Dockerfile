# Runs what `make run` runs: the same lock file, the same command.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH="/app/.venv/bin:$PATH"
WORKDIR /app

# OpenCV, which Pipecat's WebRTC transport brings, needs these two.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libglib2.0-0 make \
    && rm -rf /var/lib/apt/lists/*

COPY pyproject.toml requirements.lock Makefile README.md LICENSE settings.py ./
COPY bots bots
COPY calls calls
COPY processors processors
COPY rehearsal rehearsal
COPY scripts scripts
COPY server server
COPY services services
COPY tools tools
RUN make setup

RUN useradd --create-home switchboard && mkdir data && chown switchboard data
USER switchboard

# Reached from outside, it does not start without OPERATOR_TOKEN: deploy/README.md has the command.
ENV HOST=0.0.0.0 PORT=7860 DATA_DIR=/app/data
EXPOSE 7860
VOLUME /app/data
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=2)"]

# SIGTERM: no more calls are taken, running ones finish.
STOPSIGNAL SIGTERM
CMD ["switchboard", "serve"]
