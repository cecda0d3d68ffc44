# Drive Stack on the CPU, without training:
#   docker build -t drive-stack .
#   docker run --rm -v "$PWD/runs:/work/runs" drive-stack evaluate --suite smoke
FROM python:3.13-slim-bookworm AS build
COPY . /source
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /source

FROM python:3.13-slim-bookworm
# shared libraries that OpenCV needs
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 libice6 libsm6 libx11-6 libxext6 \
    && rm -rf /var/lib/apt/lists/*
COPY constraints.txt /tmp/
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir -c /tmp/constraints.txt /wheels/*.whl && rm -r /wheels /tmp/constraints.txt
RUN useradd --create-home driver && install -d -o driver /work
USER driver
WORKDIR /work
# compile the kernels, so that the first drive of a container starts at once
RUN drive-stack --agent modular --scenario "cruise[route_length=40]" --headless
ENTRYPOINT ["drive-stack"]
CMD ["--help"]
