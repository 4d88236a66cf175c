# The local platform in a container: the synthesized stacks, served without an AWS account.
ARG BASE=docker.io/library/node:24-bookworm-slim

FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build && npm run synth

# "dependencies" of package.json is what the local host needs when it runs, and no more.
FROM ${BASE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

FROM ${BASE}
RUN apt-get update \
  && apt-get install --yes --no-install-recommends redis-server \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# A new volume takes its owner from this folder, so the data can be written without being root.
RUN mkdir .gatehouse && chown node:node .gatehouse
COPY --from=dependencies /app/node_modules node_modules
COPY package.json tsconfig.json ./
COPY bin bin
COPY local local
COPY --from=build /app/cdk.out cdk.out

# PostgreSQL refuses to run as root.
USER node
ENV HOST=0.0.0.0 PORT=8080
VOLUME /app/.gatehouse
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=30s --interval=5s --timeout=3s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Not `npm start`: npm as process 1 would stand between the host and its signals.
CMD ["node", "--import", "tsx", "bin/local.ts", "--no-build"]
