// A login and a session check with better-auth on Node and Postgres: `node server.mjs PORT DATABASE_URL`.
//
// Its defaults: scrypt, sessions in the database. One process for each core, by Node's own cluster. The limit of tries is off, as everywhere here.

import cluster from "node:cluster";
import { createServer } from "node:http";
import { availableParallelism } from "node:os";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import pg from "pg";

const [port, database] = process.argv.slice(2);
const options = {
  baseURL: "http://bench.example",
  secret: "0123456789abcdef0123456789abcdef",
  database: new pg.Pool({ connectionString: database, max: 8 }),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  advanced: { useSecureCookies: false },
};
const auth = betterAuth(options);

if (cluster.isPrimary) {
  const { runMigrations } = await getMigrations(options);
  await runMigrations();
  await auth.api.signUpEmail({
    body: { name: "Ada", email: "ada@example.test", password: "correct-horse-battery" },
  });
  await options.database.end();
  const workers = Array.from({ length: availableParallelism() }, () => cluster.fork());
  process.on("SIGTERM", () => {
    for (const worker of workers) worker.kill("SIGTERM");
    process.exit(0);
  });
} else {
  const handle = toNodeHandler(auth);
  const json = (response, status, body) => {
    const text = JSON.stringify(body);
    response.writeHead(status, {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(text),
    });
    response.end(text);
  };
  const profile = async (request, response) => {
    const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
    if (!session) return json(response, 401, {});
    const { id, email } = session.user;
    return json(response, 200, { id, email, is_staff: false, is_superuser: false });
  };
  createServer((request, response) => {
    if (request.url === "/readyz") return json(response, 200, "ok");
    if (request.url === "/api/users/profile/") return profile(request, response);
    return handle(request, response);
  }).listen(Number(port), "127.0.0.1");
}
