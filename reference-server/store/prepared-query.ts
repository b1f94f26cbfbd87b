import type { Compilable, CompiledQuery, DialectAdapter, Kysely, QueryResult } from 'kysely';
import type { Tables } from './tables.ts';

/** What a statement can be given. */
type Value = string | number | bigint | null | Uint8Array;

/** Stands in the built query for a value that is not known yet. */
class Placeholder {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Text of the statement, and its values: names of placeholders, or constants. */
interface Template {
  compiled: CompiledQuery<unknown>;
  values: readonly unknown[];
}

/**
 * A query that Kysely builds and compiles once for each kind of database; a call only binds its values.
 * For statements that every request runs: building and compiling cost several times what SQLite does (of 4,000 streams: 8% of a core).
 * `build` gets a function that gives the value of a name; it must not depend on anything else.
 */
export function preparedQuery<Values extends Record<string, Value>, Row, Schema = Tables>(
  build: (db: Kysely<Schema>, value: <Name extends keyof Values & string>(name: Name) => Values[Name]) => Compilable<Row>,
): (db: Kysely<Schema>, values: Values) => Promise<QueryResult<Row>> {
  const templates = new WeakMap<DialectAdapter, Template>();
  return (db, values) => {
    const { adapter } = db.getExecutor();
    let template = templates.get(adapter);
    if (!template) {
      const compiled = build(db, (name) => new Placeholder(name) as never).compile();
      template = { compiled, values: compiled.parameters };
      templates.set(adapter, template);
    }
    const { compiled } = template;
    const parameters = template.values.map((value) => (value instanceof Placeholder ? values[value.name] : value));
    return db.executeQuery<Row>({ sql: compiled.sql, query: compiled.query, queryId: compiled.queryId, parameters } as CompiledQuery<Row>);
  };
}
