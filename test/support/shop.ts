import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accounts } from '../../examples/subgraphs/accounts/accounts';
import { products } from '../../examples/subgraphs/products/products';
import { reviews } from '../../examples/subgraphs/reviews/reviews';
import type { Sql } from '../../examples/subgraphs/rows';
import { serveSubgraph } from '../../examples/subgraphs/serve';
import { serveFunctionUrl, type TestServer } from './http';
import { startPostgres, type TestPostgres } from './postgres';

const MIGRATIONS = join(__dirname, '../../examples/migrations');

/** Runs the example migrations as the product does: in order, each file in one transaction. */
export async function migrate({ master }: TestPostgres): Promise<void> {
  for (const file of readdirSync(MIGRATIONS).toSorted()) {
    const client = await master.connect();
    try {
      await client.query('begin');
      await client.query(readFileSync(join(MIGRATIONS, file), 'utf8'));
      await client.query('commit');
    } finally {
      client.release();
    }
  }
}

export interface Shop {
  readonly postgres: TestPostgres;
  readonly subgraphs: Readonly<Record<'accounts' | 'products' | 'reviews', TestServer>>;
  readonly urls: Readonly<Record<string, string>>;
  /** Every SQL statement since the last `statements.length = 0`. */
  readonly statements: string[];
  stop(): Promise<void>;
}

/** The three example subgraphs on loopback, over a PostgreSQL with the example data, as the role they are deployed with. */
export async function startShop(): Promise<Shop> {
  const postgres = await startPostgres();
  await migrate(postgres);
  await postgres.master.query("alter role gatehouse_examples password 'test'");
  const statements: string[] = [];
  const sql = counted(postgres.as('gatehouse_examples'), statements);
  const subgraphs = {
    accounts: await serveFunctionUrl(serveSubgraph(accounts, sql)),
    products: await serveFunctionUrl(serveSubgraph(products, sql)),
    reviews: await serveFunctionUrl(serveSubgraph(reviews, sql)),
  };
  return {
    postgres,
    subgraphs,
    urls: Object.fromEntries(Object.entries(subgraphs).map(([name, { url }]) => [name, url])),
    statements,
    async stop() {
      await Promise.all(Object.values(subgraphs).map((subgraph) => subgraph.stop()));
      await postgres.stop();
    },
  };
}

/** The same pool, noting each statement it is given. */
function counted(sql: Sql, statements: string[]): Sql {
  return new Proxy(sql, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property);
      if (property !== 'query' || typeof value !== 'function') return value;
      return (...query: unknown[]): unknown => {
        statements.push(String(query[0]));
        return Reflect.apply(value, target, query);
      };
    },
  });
}
