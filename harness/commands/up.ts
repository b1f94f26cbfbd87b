import { Option } from 'commander';
import { readConfig } from '../config.ts';
import { bringUp } from '../stack/bring-up.ts';
import { type StackProfile, stackProfiles } from '../stack/docker.ts';
import { type AddCommand, example } from './command.ts';
import { printHealth } from './status.ts';

interface UpFlags {
  profile: StackProfile;
  build: boolean;
}

export const addUp: AddCommand = (program) => {
  program
    .command('up')
    .description("start the stack in containers: the server's tiers, a collector, traces and metrics (needs Docker)")
    .addOption(
      new Option('--profile <profile>', 'core: with Jaeger and Prometheus; full: with Tempo, Prometheus and Grafana').choices(stackProfiles).default('full'),
    )
    .option('--no-build', "do not build the server's image anew")
    .addHelpText(
      'after',
      `${example('plumbline up --profile core\nSTACK_SERVER_PORT=18787 plumbline up')}\nEvery port can be moved: STACK_..._PORT in docker-compose.yml.\n`,
    )
    .action(async (flags: UpFlags) => {
      const healths = await bringUp({
        profile: flags.profile,
        build: flags.build,
        certificatesGiven: readConfig().stackExtraCa !== undefined,
        say: (line) => console.log(line),
      });
      console.log('');
      printHealth(healths);
      console.log('\nplumbline run page-load --stack drives it; plumbline down removes it');
    });
};
