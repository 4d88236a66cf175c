import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { handlers, startServerAndCreateLambdaHandler } from '@as-integrations/aws-lambda';

/** Apollo's gateway as their documentation puts it into Lambda. Bundled as our functions are, to CommonJS. */
const supergraphSdl = readFileSync(join(__dirname, 'supergraph.graphql'), 'utf8');
const server = new ApolloServer({ gateway: new ApolloGateway({ supergraphSdl }) });

export const handler = startServerAndCreateLambdaHandler(server, handlers.createAPIGatewayProxyEventRequestHandler());
