FROM oven/bun:1.4.4 AS build
WORKDIR /build
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile --ignore-scripts
COPY . .
ARG COMMIT=unknown
RUN COMMIT=$COMMIT bun scripts/build.ts && mkdir data

# glibc, an unprivileged user and nothing else.
FROM gcr.io/distroless/base-nossl-debian12:nonroot
COPY --from=build /build/dist/tasks-api /tasks-api
COPY --from=build --chown=65532:65532 /build/data /data
ENV HOST=0.0.0.0 DATABASE_URL=pglite:/data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/tasks-api", "healthcheck"]
ENTRYPOINT ["/tasks-api"]
