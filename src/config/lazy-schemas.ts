/** The way to the zod schemas: they load with the first config, as zod takes longer to load than all the rest. */
import type * as OptionSchemas from './option-schemas';

/** What config/option-schemas exports. */
export function optionSchemas(): typeof OptionSchemas {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a synchronous import at first use
  return require('./option-schemas') as typeof OptionSchemas;
}
