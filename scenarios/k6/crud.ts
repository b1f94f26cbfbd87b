import scenario from '../crud.ts';
import { plain } from './plain.ts';

const script = plain(scenario);
export const options = script.options;
export const setup = script.setup;
export default script.run;
