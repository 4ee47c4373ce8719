/** What `npm run demo` runs. */
import { runDemo } from './draw-digits';
import { runAsProcess } from './terminal';

void runAsProcess(runDemo);
