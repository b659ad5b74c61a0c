# syntax=docker/dockerfile:1
#
# docker build --tag openprm .
# docker run --rm --publish 8080:8080 --volume openprm:/var/lib/openprm openprm

# The full image, not the slim one: SQLite, libpq, OpenSSL and AWS-LC are built from their sources, which takes a
# C compiler, make and perl. Nothing of that reaches the second stage.
FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin openprm && \
    install -D --mode=0755 target/release/openprm /out/openprm

FROM debian:bookworm-slim
# Root certificates, for TLS to PostgreSQL with sslmode=verify-full and sslrootcert=/etc/ssl/certs/ca-certificates.crt.
RUN apt-get update && \
    apt-get install --yes --no-install-recommends ca-certificates && \
    rm -rf /var/lib/apt/lists/* && \
    useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/openprm openprm && \
    install --directory --owner=openprm --group=openprm --mode=0700 /var/lib/openprm
COPY --from=build /out/openprm /usr/local/bin/openprm
COPY LICENSE /usr/share/doc/openprm/LICENSE

USER 10001:10001
# The default database, sqlite://openprm.db, and the secret beside it are made here. Mount a volume, or use PostgreSQL.
WORKDIR /var/lib/openprm
VOLUME /var/lib/openprm
ENV OPENPRM_BIND=0.0.0.0:8080
EXPOSE 8080

# Asks for /health/ready, the way a load balancer does: the server answers and its database does too. By bash, which the
# image has; OPENPRM_BIND must keep port 8080, or the check be overridden.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /health/ready HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [[ $status == 200 ]]"]

# The server drains what is in flight on SIGTERM.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/openprm"]
CMD ["serve"]
