/** The driver of PostgreSQL: read by the first query, not by a function that finds its answers in Redis. */
export { Client, Pool } from 'pg';
