/** Writes what is generated in this room: `npm run generate`. */
import { write as writeGlossary } from './glossary.ts';
import { write as writeCatalog } from './prices.ts';

writeCatalog();
writeGlossary();
