# Grades a course: docker run --rm --network none --user "$(id -u)" --volume "$PWD:/course" kischule
# docs/grading.md has the options. Without namespaces, as by default, the sandbox is `landlock`.
FROM python:3.11-slim

# the filter of both sandboxes
RUN apt-get update && apt-get install --yes --no-install-recommends libseccomp2 \
    && rm -rf /var/lib/apt/lists/*

# The package index's torch for x86-64 brings gigabytes of CUDA. PyTorch's "Start Locally" page names
# an index of builds for the CPU: docker build --build-arg TORCH_INDEX=...
ARG TORCH_INDEX=""
WORKDIR /src
COPY constraints.txt ./
RUN python -m pip install --no-cache-dir --constraint constraints.txt \
    ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch
COPY LICENSE README.md pyproject.toml ./
COPY autograder autograder
COPY kischule kischule
COPY release release
COPY source source
COPY tests/known tests/known
RUN python -m pip install --no-cache-dir --constraint constraints.txt '.[teacher]'

# any user may grade: caches and temporary files are the container's, results the course's
ENV HOME=/tmp USER=kischule LANG=C.UTF-8
RUN useradd --no-create-home kischule
USER kischule
WORKDIR /course
ENTRYPOINT ["kischule"]
CMD ["grade", "a7_2"]
