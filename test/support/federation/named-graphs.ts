import { composeGraph, type FederatedGraph, LINK } from './compose';
import { NAMED_INTERFACES } from './named-interfaces';

const NAMED_KEYS = {
  /** Nobody knows both ends: from one entity to the last field it takes four requests, one after another. */
  'key chain': {
    first: `
      type Query { items: [Item!]! item(id: ID!): Item }
      type Item @key(fields: "id") { id: ID! one: String }`,
    second: `
      type Item @key(fields: "id") @key(fields: "code") { id: ID! code: Int! two: [Item!] }`,
    third: `
      type Item @key(fields: "code") @key(fields: "sku region") { code: Int! sku: String! region: String! three(at: Int = 3): Float }`,
    fourth: `
      type Item @key(fields: "sku region") { sku: String! region: String! four: Four cost(scale: Int): Int! }
      type Four @shareable { deep: [[Item!]]! note: String }
      type Query { fours: [Four] }`,
  },

  'nested keys': {
    shops: `
      type Query { shops: [Shop!]! offers: [[Offer!]!] }
      type Shop @key(fields: "id") { id: ID! name: String! best: Offer }
      type Offer @key(fields: "shop { id } place { code side } sku") { shop: Shop! place: Place! sku: String! price: Float }
      type Place @shareable { code: String! side: Side! }
      enum Side { LEFT RIGHT }`,
    stock: `
      type Offer @key(fields: "shop { id } place { code side } sku") @key(fields: "number") {
        shop: Shop! place: Place! sku: String! number: Int! left: Int!
      }
      type Shop @key(fields: "id", resolvable: false) { id: ID! }
      type Place @shareable { code: String! side: Side! }
      enum Side { LEFT RIGHT }`,
    ratings: `
      type Offer @key(fields: "number") { number: Int! @inaccessible stars: [Int!] raters: [Rater!]! }
      type Rater @key(fields: "id") @key(fields: "name") { id: ID! name: String! offers: [Offer] }
      type Query { raters(first: Int = 3): [Rater] }`,
    people: `
      type Rater @key(fields: "name") { name: String! secret: String @inaccessible mood: Mood shops: [Shop!]! }
      type Shop @key(fields: "id") { id: ID! opened: String }
      enum Mood { GOOD BAD HIDDEN @inaccessible }`,
  },

  /** Fields along a path, of an entity's entity, and of one member of a union. */
  'provides on a path': {
    reviews: `
      type Query {
        reviews: [Review!]! @provides(fields: "author { name home { city } }")
        plain: [Review]
        news: [News!] @provides(fields: "... on User { name } ... on Review { stars }")
      }
      union News = User | Review
      type Review @key(fields: "id") { id: ID! author: User! body: String stars: Int @external }
      type User @key(fields: "id") { id: ID! name: String @external home: Home @external reviews: [Review!]! }
      type Home @key(fields: "id") { id: ID! city: String @external }`,
    users: `
      type User @key(fields: "id") { id: ID! name: String @shareable home: Home @shareable age: Int }
      type Home @key(fields: "id") { id: ID! }
      type Review @key(fields: "id") { id: ID! stars: Int @shareable }`,
    homes: `
      type Home @key(fields: "id") { id: ID! city: String @shareable street(short: Boolean = true): String people: [User!] }
      type User @key(fields: "id", resolvable: false) { id: ID! }`,
  },

  /** What is required is required of others in turn, has arguments, and lies behind lists and value types. */
  'requires of requires': {
    goods: `
      type Query { goods(filter: Filter = { kind: B, tags: ["a"] }): [Good!]! }
      type Good @key(fields: "id") { id: ID! weight: Float size: Size parts: [[Part!]] price(in: Currency): Int made: Stamp }
      type Size @shareable { w: Int h: Int! }
      type Part @key(fields: "id") { id: ID! name: String! }
      enum Currency { EUR USD }
      enum Kind { A B }
      scalar Stamp
      input Filter { kind: Kind! tags: [String!]! = [] deep: Filter at: Stamp }`,
    freight: `
      type Good @key(fields: "id") {
        id: ID!
        weight: Float @external
        size: Size @external
        price(in: Currency): Int @external
        freight(express: Boolean = false): Int! @requires(fields: "weight size { w h } price(in: EUR)")
      }
      type Size @shareable { w: Int h: Int! }
      enum Currency { EUR USD }`,
    customs: `
      type Good @key(fields: "id") {
        id: ID!
        freight(express: Boolean = false): Int! @external
        made: Stamp @external
        parts: [[Part!]] @external
        duty: Int @requires(fields: "freight made")
        papers: [Paper!] @requires(fields: "parts { name }")
      }
      type Part @key(fields: "id") { id: ID! name: String! @external origin: String! @requires(fields: "name") }
      type Paper { text: String part: Part! good: Good }
      scalar Stamp
      type Query { papers: [Paper] }`,
  },

  /** Root fields of one mutation in different subgraphs, one after another, each followed by fetches of entities. */
  mutations: {
    orders: `
      type Query { orders: [Order!]! }
      type Mutation { order(item: NewOrder!): Order cancel(id: ID!, why: String = "late"): [Order!]! fail: Boolean! }
      type Order @key(fields: "id") { id: ID! buyer: Buyer! lines: [Line!] state: State }
      type Buyer @key(fields: "id", resolvable: false) { id: ID! }
      type Line @shareable { count: Int! of: Order }
      enum State { OPEN CLOSED }
      input NewOrder { buyer: ID! lines: [[LineInput!]!] = [[]] state: State = OPEN }
      input LineInput { count: Int! = 1 note: String }`,
    buyers: `
      type Query { me: Buyer }
      type Mutation { rename(id: ID!, name: String): Buyer! touch: Outcome }
      union Outcome = Buyer | Refusal
      type Refusal { reason: String! order: Order }
      type Buyer @key(fields: "id") { id: ID! name: String friends: [Buyer!]! latest: Order }
      type Order @key(fields: "id") { id: ID! paid: Boolean buyer: Buyer! @external greeting: String @requires(fields: "buyer { id name }") }`,
    audit: `
      type Mutation { note(text: [String]): Note! }
      type Note @key(fields: "id") { id: ID! by: Buyer }
      type Buyer @key(fields: "id") { id: ID! score: Int! seen: [Note] }
      type Order @key(fields: "id") { id: ID! trail: [Note!]! }`,
  },

  /** One field moved, one that two resolve with other marks, roots that two answer, an enum that grows. */
  'moved and shared': {
    old: `
      type Query { all: [Doc!]! @shareable one: Doc @shareable left: Pair }
      type Doc @key(fields: "id") { id: ID! text: String! @shareable moved(part: Int): [Doc!] list: [String!] @shareable kind: Kind kept: Int }
      type Pair @shareable { doc: Doc! other: [Doc] note: String! }
      enum Kind { OLD BOTH }`,
    young: `
      type Query { all: [Doc!]! @shareable one: Doc @shareable right: [[Pair]!]! }
      type Doc @key(fields: "id") { id: ID! text: String @shareable moved(part: Int): [Doc!] @override(from: "old") list: [String] @shareable mood: Kind next: Doc }
      type Pair @shareable { doc: Doc! other: [Doc] note: String }
      enum Kind { YOUNG BOTH }`,
  },
};

function composed(name: string, subgraphs: Readonly<Record<string, string>>): FederatedGraph {
  const definitions = Object.entries(subgraphs).map(([of, typeDefs]) => ({
    name: of,
    typeDefs: `${LINK}\n${typeDefs}`,
  }));
  const { graph, errors } = composeGraph(name, definitions);
  if (graph === undefined) throw new Error(`${name} does not compose: ${errors.join('\n')}`);
  return graph;
}

/** Graphs that are sure to have the tricky forms. Composing them takes time: ask once. */
export const namedGraphs = (): FederatedGraph[] =>
  Object.entries({ ...NAMED_KEYS, ...NAMED_INTERFACES }).map(([name, subgraphs]) => composed(name, subgraphs));
