FROM python:3.13.5-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends ffmpeg libmagic1 npm \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home kho \
    && install -d -o kho -g kho /data /backup

WORKDIR /kho
COPY requirements.lock pyproject.toml README.md ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY web web
RUN npm ci --prefix web --omit=dev --ignore-scripts
COPY repo_server repo_server
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .

# Written once here: the container's file system is read-only.
ENV PYTHONDONTWRITEBYTECODE=1
USER kho
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["kho", "serve", "--host", "0.0.0.0"]
