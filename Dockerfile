# The reference server: its sources (Node strips the types at run time) and the production dependencies.
#   docker build -t plumbline-server .          docker run --rm -p 127.0.0.1:8787:8787 --read-only --tmpfs /tmp plumbline-server
FROM node:26-bookworm-slim AS dependencies
WORKDIR /app
# Certificates (PEM text) of a proxy that the registry is reached through; they stay in this stage.
ARG EXTRA_CA=""
COPY package.json package-lock.json ./
RUN printf '%s\n' "$EXTRA_CA" >/tmp/extra-ca.pem \
  && NODE_EXTRA_CA_CERTS=/tmp/extra-ca.pem npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error \
  # Sources, type declarations and maps of the packages are not run.
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.md' \) -delete

FROM node:26-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production \
    PLUMBLINE_HOST=0.0.0.0 \
    PLUMBLINE_JSON=true
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY scenarios ./scenarios
COPY reference-server ./reference-server
USER node
EXPOSE 8787 8788
# Answers 503 while it drains.
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8787/readyz').then((r)=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# No shell between: SIGTERM reaches the server, which finishes its streams (10 s at most), sends its last spans and ends with 0.
ENTRYPOINT ["node", "reference-server/main.ts"]
