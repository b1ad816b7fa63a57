// Drive Coop's own HMA client, bundled from a checkout of theirs by coop_client.py, against a service; print what it returns.
//
//   node coop_client.mjs BUNDLE HASH FAR_HASH URL      (HMA_SERVICE_URL names the service)

const [bundle, hash, far, url] = process.argv.slice(2);
const { HmaService } = await import(bundle);

const asked = [];

// In the place of their networking: what it hands on, and what it gives back.
async function fetchHTTP({ url, method, body, headers, handleResponseBody }) {
  const answer = await fetch(url, { method: method.toUpperCase(), body, headers });
  asked.push(`${method.toUpperCase()} ${new URL(url).pathname.replace(/^\/+/, '/')} ${answer.status}`);
  const text = await answer.text();
  return {
    ok: answer.ok,
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
    body: handleResponseBody === 'as-json' ? JSON.parse(text) : undefined,
  };
}

// In the place of their database: banks that Coop knows of.
const banks = [
  { id: 1, name: 'Self harm', hma_name: 'COOP_ORG1_SELF_HARM', enabled_ratio: 1, org_id: 'ORG1' },
  { id: 2, name: 'Gone', hma_name: 'COOP_ORG1_GONE', enabled_ratio: 1, org_id: 'ORG1' },
];
const query = {
  selectAll: () => query, returningAll: () => query, values: () => query, set: () => query,
  where: (column, _, value) => ({ ...query, execute: async () => banks,
    executeTakeFirst: async () => banks.find((bank) => bank[column] === value) ?? banks[0], where: query.where }),
  execute: async () => banks, executeTakeFirst: async () => banks[0], executeTakeFirstOrThrow: async () => banks[0],
};
const database = { insertInto: () => query, selectFrom: () => query, updateTable: () => query,
  deleteFrom: () => query };

const client = new HmaService(fetchHTTP, database);
console.error = () => {};

async function said(call) {
  try {
    return (await call()) ?? null;
  } catch (error) {
    return `Error: ${error.message}`.slice(0, 80);
  }
}

const names = ['COOP_ORG1_SELF_HARM', 'COOP_ORG1_PARTNER', 'COOP_ORG1_OTHER'];
const found = {
  match: await said(() => client.checkImageMatchWithDetails(names, 'pdq', hash)),
  far: await said(() => client.checkImageMatchWithDetails(names, 'pdq', far)),
  lookup: await said(() => client.lookupContent({ signal: hash, signalType: 'pdq' })),
  list: await said(async () => (await client.listBanks('ORG1')).map((bank) => bank.hma_name)),
  exchange: await said(() => client.getExchangeForBank('COOP_ORG1_SELF_HARM')),
  apis: await said(() => client.getExchangeApis()),
  schema: await said(async () => Object.keys(await client.getExchangeApiSchema('ncmec'))),
  byUrl: await said(() => client.hashContentFromUrl(url)),
  create: await said(() => client.createBank('ORG1', 'New', '', 1)),
  exchangeCreate: await said(() => client.createExchange('COOP_ORG1_SELF_HARM', 'ncmec', {})),
  credentials: await said(() => client.setExchangeCredentials('ncmec', { user: 'x', password: 'y' })),
  content: await said(() => client.addContentToBank('COOP_ORG1_SELF_HARM', { file: new Blob(['x']), contentType: 'photo' })),
  asked,
};
console.log(JSON.stringify(found));
