// A certified OpenID Connect provider on this machine, for the tests of sign-in. Its one person agrees to everything.
// Prints `{"issuer": "..."}` once it answers, and counts what its token endpoint was asked for at /counts.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const PERSON = { sub: 'person-1', name: 'Ada Certified', given_name: 'Ada', family_name: 'Certified', email: 'ada@certified.example' };
const lifetime = Number(process.argv[2] ?? 3600);
const counts = { authorization_code: 0, refresh_token: 0 };

let handle;
const server = createServer((request, response) => handle(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'bc-agent',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: ['http://localhost', 'bcagent://auth'],
      },
    ],
    claims: { openid: ['sub'], profile: ['name', 'given_name', 'family_name'], email: ['email'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    // A strict service: a refresh token counts once, and using one twice ends them all.
    rotateRefreshToken: true,
    ttl: { AccessToken: lifetime, AuthorizationCode: 60, IdToken: 3600, RefreshToken: 86400, Grant: 86400, Interaction: 600, Session: 86400 },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => PERSON }),
    cookies: { keys: ['for tests'] },
  });
  provider.on('grant.success', (context) => {
    counts[context.oidc.params.grant_type] += 1;
  });
  const callback = provider.callback();
  handle = async (request, response) => {
    if (request.url === '/counts') {
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify(counts));
    }
    if (!request.url.startsWith('/interaction/')) return callback(request, response);
    const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
    if (prompt.name === 'login') {
      return provider.interactionFinished(request, response, { login: { accountId: PERSON.sub } });
    }
    const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    const consent = { grantId: await grant.save() };
    return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
  };
  console.log(JSON.stringify({ issuer }));
});
