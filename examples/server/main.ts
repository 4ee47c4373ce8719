/** Starts the server: `npx ts-node examples/server/main.ts --port 8080`. */
import { Digits } from './digits';
import { buildServer } from './server';
import { readSettings } from './settings';
import { stop } from './stop';

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2));
  const digits = await Digits.open(settings);
  const server = buildServer(digits, settings.limits, { logger: true });
  const end = (signal: NodeJS.Signals): void => {
    server.app.log.info(`${signal}: stopping`);
    stop(server).catch(fail);
  };
  // Once: a second signal ends the process at once.
  process.once('SIGTERM', end).once('SIGINT', end);
  await server.app.listen({ host: settings.host, port: settings.port });
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

main().catch(fail);
