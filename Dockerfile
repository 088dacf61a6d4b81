# weir as it runs: the sources, the packages they need, and nothing else. Built and started by
# compose.yaml; test/container.test.ts does the same in a folder, where no container engine is.

FROM node:26.10.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json pnpm-workspace.yaml pnpm-lock.yaml ./
COPY packages/core/package.json packages/core/
COPY packages/segment-log/package.json packages/segment-log/
COPY packages/server/package.json packages/server/
# Only what the server needs: not what checks it, and not a second Node.
RUN npx -y pnpm@12 install --frozen-lockfile --prod --no-optional --filter "@weir/server..."

FROM node:26.10.0-bookworm-slim
ENV NODE_ENV=production UV_THREADPOOL_SIZE=8
WORKDIR /app
COPY --from=packages /app ./
COPY packages/core/src packages/core/src
COPY packages/segment-log/src packages/segment-log/src
COPY packages/server/src packages/server/src
# The spool must outlive the container: mount a volume here.
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
ENV HOST=0.0.0.0 PORT=8080 WEIR_ADMIN_HOST=0.0.0.0 WEIR_ADMIN_PORT=8081 WEIR_DATA_DIR=/data
EXPOSE 8080 8081
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8081/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node itself is process 1, so that a SIGTERM reaches it: a stop delivers what it can, within 30 s.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--max-semi-space-size=8", "packages/server/src/cli/weir.ts"]
CMD ["serve"]
