// One execution environment of a Lambda function: loads the handler once, then answers one event after another.
// Plain CommonJS, because a function's process must start fast and load nothing of the host.
const { existsSync } = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const [handlerName, folder, functionArn, pace] = process.argv.slice(2);
// The host counts the time that an invocation has left by the machine's clock.
const machineNow = Date.now;
if (pace !== 'null') require('../events/pace.cjs')(JSON.parse(pace));

/** The error as Lambda reports it. */
const report = (error) =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
    : { errorType: typeof error, errorMessage: String(error), trace: [] };

const fault = (name, message) => Object.assign(new Error(message), { name });

const load = async () => {
  const dot = handlerName.lastIndexOf('.');
  const base = path.join(folder, handlerName.slice(0, dot));
  const file = ['.js', '.mjs', '.cjs'].map((extension) => base + extension).find(existsSync);
  if (file === undefined) throw fault('Runtime.ImportModuleError', `Cannot find module '${handlerName.slice(0, dot)}'`);
  const loaded = file.endsWith('.mjs') ? await import(pathToFileURL(file).href) : require(file);
  const handler = loaded[handlerName.slice(dot + 1)];
  if (typeof handler !== 'function')
    throw fault('Runtime.HandlerNotFound', `${handlerName} is undefined or not exported`);
  return handler;
};

// No callback: the Node 24 runtime that the templates ask for has none either.
const contextOf = ({ requestId, deadline }) => ({
  awsRequestId: requestId,
  callbackWaitsForEmptyEventLoop: true,
  functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
  functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
  getRemainingTimeInMillis: () => Math.max(0, deadline - machineNow()),
  invokedFunctionArn: functionArn,
  logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
  logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
  memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
});

const answer = async (handler, message) => {
  try {
    const result = await handler(JSON.parse(message.event), contextOf(message));
    process.send({ result: JSON.stringify(result) ?? 'null' });
  } catch (error) {
    process.send({ error: report(error) });
  }
};

// The host is gone: so is this environment.
process.on('disconnect', () => process.exit());

const start = async () => {
  try {
    const handler = await load();
    process.on('message', (message) => void answer(handler, message));
    process.send({ ready: true });
  } catch (error) {
    process.send({ error: report(error) }, () => process.exit(1));
  }
};

void start();
