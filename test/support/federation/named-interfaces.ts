export const NAMED_INTERFACES = {
  /**
   * One interface, whose fields the first subgraph can only ask of each implementer, and there they have types that one
   * selection cannot hold: the plan renames them, and the answer is renamed back.
   */
  'renamed output': {
    media: `
      type Query { media: [Media!]! things: [[Thing]] lead: Media }
      interface Media { id: ID! }
      union Thing = Book | Film | Song
      type Book implements Media @key(fields: "id") { id: ID! title: String! tags: [String!]! @shareable length(unit: Unit = A): Int! maker: Maker! }
      type Film implements Media @key(fields: "id") { id: ID! title: String tags: [String] @shareable length(unit: Unit = A): Int maker: Maker }
      type Song implements Media @key(fields: "id") { id: ID! title: String! tags: [String!] @shareable length(unit: Unit = A): Int! maker: Maker! }
      type Maker @key(fields: "id") { id: ID! name: String! }
      enum Unit { A B }`,
    index: `
      type Query { found(text: String!): [Media] }
      interface Media { id: ID! title: String tags: [String] length(unit: Unit = A): Int maker: Maker pages: [Page] }
      type Book implements Media @key(fields: "id") { id: ID! title: String! @external tags: [String!]! @shareable length(unit: Unit = A): Int! @external maker: Maker! @external pages: [Page!]! }
      type Film implements Media @key(fields: "id") { id: ID! title: String @external tags: [String] @shareable length(unit: Unit = A): Int @external maker: Maker @external pages: [Page] }
      type Song implements Media @key(fields: "id") { id: ID! title: String! @external tags: [String!] @shareable length(unit: Unit = A): Int! @external maker: Maker! @external pages: [Page!] }
      type Maker @key(fields: "id", resolvable: false) { id: ID! }
      type Page @shareable { number: Int! of: Media }
      enum Unit { A B }`,
    makers: `
      type Maker @key(fields: "id") { id: ID! age: Int works: [Work!] }
      union Work = Book | Song
      type Book @key(fields: "id", resolvable: false) { id: ID! }
      type Song @key(fields: "id") { id: ID! score(by: Int): Float }`,
  },

  /** The second subgraph knows the interface as an object; what it is asked for carries the interface's name. */
  'interface object': {
    accounts: `
      type Query { accounts: [Account!]! people: [Person] owner: Owner }
      interface Owner { id: ID! }
      interface Account implements Owner @key(fields: "id") { id: ID! name: String plan(at: Int): Plan! friends: [Account!]! }
      type Person implements Account & Owner @key(fields: "id") { id: ID! name: String! plan(at: Int): Plan! friends: [Account!]! age: Int }
      type Company implements Account & Owner @key(fields: "id") @key(fields: "vat") { id: ID! name: String plan(at: Int): Plan! friends: [Account!]! vat: String! head: Person }
      enum Plan { FREE PAID }`,
    billing: `
      type Query { debtors: [[Account!]] bill(id: ID!): Bill }
      type Account @key(fields: "id") @interfaceObject {
        id: ID!
        bills(first: Int = 2): [Bill!]
        name: String @external
        dunning: String @requires(fields: "name")
      }
      type Bill @key(fields: "number") { number: Int! of: Account! copies: [Account] sum: Float! }`,
    registry: `
      type Company @key(fields: "vat") { vat: String! seat: String parents: [Company!] }
      type Query { companies: [Company!]! }`,
    mail: `
      type Account @key(fields: "id") @interfaceObject { id: ID! box: Box! letter: Int }
      type Box @shareable { size: Int! shared: [Account!]! }
      type Bill @key(fields: "number") { number: Int! sent: Boolean }`,
  },

  /** What is required is behind an interface, and differs by the type that is there. */
  'requires through an interface': {
    pets: `
      type Query { pets: [Pet!]! any: [Any!] }
      union Any = Cat | Dog | Pet2
      type Pet2 { of: Pet }
      type Pet @key(fields: "id") { id: ID! animal: Animal! animals: [Animal] home: [Any!] }
      interface Animal { name: String legs: Int! }
      type Cat implements Animal @key(fields: "id") { id: ID! name: String legs: Int! lives: Int }
      type Dog implements Animal @key(fields: "id") { id: ID! name: String legs: Int! breed: Breed }
      enum Breed { BIG SMALL }`,
    vet: `
      type Pet @key(fields: "id") {
        id: ID!
        animal: Animal! @external
        animals: [Animal] @external
        advice(long: Boolean): String @requires(fields: "animal { name ... on Cat { lives } ... on Dog { breed } }")
        total: Int! @requires(fields: "animals { legs }")
      }
      interface Animal { name: String legs: Int! }
      type Cat implements Animal @key(fields: "id") { id: ID! name: String @external legs: Int! @external lives: Int @external vet: Vet }
      type Dog implements Animal @key(fields: "id") { id: ID! name: String @external legs: Int! @external breed: Breed @external vet: Vet! }
      type Vet @key(fields: "id") { id: ID! patients: [Patient!]! }
      union Patient = Cat | Dog
      enum Breed { BIG SMALL }`,
    food: `
      type Cat @key(fields: "id") { id: ID! food: [Food!]! sleeps: Boolean }
      type Dog @key(fields: "id") { id: ID! food: Food }
      type Vet @key(fields: "id") { id: ID! sells: [[Food]!]! }
      type Food @shareable { name: String! for: Eater }
      union Eater = Cat | Vet
      type Query { eaters: [Eater] }`,
  },
};
