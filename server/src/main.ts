// The program: reads the command and the configuration, runs the one with the other, and says in one line what is wrong.

import { pino } from 'pino';
import {
  backupCommand,
  migrateCommand,
  ownerLinkCommand,
  resetLinkCommand,
  restoreCommand,
  rotatePepperCommand,
  type CommandContext,
} from './commands.ts';
import { parseConfig } from './config.ts';
import { CommandProblem } from './ground.ts';
import { createLog } from './log.ts';
import { optionsHelp, optionsTable } from './options.ts';
import { serve } from './serve.ts';

interface Command {
  /** What stands behind its name. */
  readonly argument: string | null;
  readonly description: string;
  run(context: CommandContext, argument: string): Promise<void>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    argument: null,
    description: 'Runs the server (also without a command).',
    run: async ({ config, log, print }) => serve(config, log, print),
  },
  backup: {
    argument: 'FILE',
    description: 'Writes a backup; the server may be running.',
    run: backupCommand,
  },
  restore: { argument: 'FILE', description: 'Reads a backup into an empty database.', run: restoreCommand },
  'owner-link': {
    argument: null,
    description: 'A new one-time link for the first account.',
    run: ownerLinkCommand,
  },
  'reset-link': {
    argument: 'EMAIL',
    description: 'A one-time link that sets a new password.',
    run: resetLinkCommand,
  },
  'rotate-pepper': {
    argument: null,
    description: 'A new pepper for all that is hashed from now on.',
    run: rotatePepperCommand,
  },
  migrate: {
    argument: null,
    description: 'Brings the database to this version; `serve` does it too.',
    run: migrateCommand,
  },
};

/** Exit codes: 0 went well, 1 failed, 2 was asked wrongly. */
async function main([name = 'serve', argument, ...rest]: readonly string[]): Promise<number> {
  if (name === '--help' || name === 'help') return say(help());
  if (name === 'options') return say(optionsTable());
  const command = COMMANDS[name];
  if (command === undefined) return complain(`there is no command ${name}; see --help.`);
  const isWhole = (argument !== undefined) === (command.argument !== null) && rest.length === 0;
  if (!isWhole)
    return complain(`use it as: cuebook-server ${[name, command.argument ?? ''].join(' ').trim()}`);
  const config = parseConfig();
  if (!config.ok) return complain(config.problem);
  // People read standard output, machines standard error.
  const log = createLog(config.value.logLevel, pino.destination(2));
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    await command.run({ config: config.value, log, print }, argument ?? '');
    return 0;
  } catch (error) {
    if (error instanceof CommandProblem) return complain(error.message, 1);
    log.error('The command failed.', error);
    return 1;
  }
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function complain(problem: string, code = 2): number {
  process.stderr.write(`cuebook-server: ${problem}\n`);
  return code;
}

const help = (): string =>
  [
    'cuebook-server keeps the prompts of teams, sealed: it can read none of them.',
    '',
    'Commands',
    ...Object.entries(COMMANDS).map(
      ([name, { argument, description }]) => `  ${`${name} ${argument ?? ''}`.padEnd(18)} ${description}`,
    ),
    '  options            The table of options, as Markdown.',
    '',
    'Options (environment variables)',
    optionsHelp(),
  ].join('\n');

process.exitCode = await main(process.argv.slice(2));
