/** What is wrong when no matrix came, and what to do next. */

import type { ComponentChildren } from "preact";
import type { NodeStatus } from "../data/matrix";
import { failedNodes } from "../data/matrix";
import type { Failure } from "../data/request";
import { config, configFailure } from "../state/config";
import { refresh } from "../state/prefs";

interface Advice {
  title: string;
  advice: ComponentChildren;
}

const loopback = () => /^(localhost|127\.|\[::1\])/.test(location.hostname);

/** The session cookie belongs to a host name, whatever the port, and is `Secure` beyond loopback. */
function signIn(): ComponentChildren {
  const page = `${location.protocol}//${location.hostname}:8080/admin/`;
  return (
    <>
      Sign in at the node’s own admin page on this same host name, usually <a href={page}>{page}</a>, then reload this
      page. The session cookie is shared between ports of one host.
      {location.protocol === "http:" && !loopback() && (
        <>
          {" "}
          <strong>This page came over plain http, and the cookie is only sent over https:</strong> beyond loopback both
          pages have to be https.
        </>
      )}
    </>
  );
}

/**
 * What keeps nodes from taking a session depends on whose it is (SPEC §7). Who may not read the configuration either has
 * been refused by the daemon, or by the nodes that it asks on the reader's behalf: what was read before says nothing.
 */
function sessionAdvice(): ComponentChildren {
  const { mode, signing_key_file: key } = (!configFailure.value && config.value?.effective?.auth) || {};
  if (mode === "mint" || (mode === "none" && key)) {
    return (
      <>
        The nodes refuse the session that the daemon signs itself. Check that <code>auth.signing_key_file</code> holds
        the key that the nodes have, and that the clocks of the hosts agree.
      </>
    );
  }
  if (mode === "none") {
    return (
      <>
        With <code>auth.mode = "none"</code> the daemon calls the nodes without a session, and they want one. Give it{" "}
        <code>auth.signing_key_file</code>, or set <code>auth.mode = "forward"</code> and sign in.
      </>
    );
  }
  return signIn();
}

const misdirected = (said: string): Advice => ({
  title: "The daemon does not answer to this host name",
  advice: (
    <>
      {said} Add the name to <code>server.allowed_hosts</code>, or open the page by the host’s own name.
    </>
  ),
});

/** By what the daemon calls it. */
const BY_CODE: Record<string, (said: string) => Advice> = {
  overdue: () => ({
    title: "The daemon has not answered yet",
    advice: (
      <>
        It is asked again on another connection: the one before may have died without a word. Where that goes on, look
        whether <code>keyviz-fanout</code> on {location.host} waits for slow nodes (<code>fanout.timeout</code>), or the
        network between swallows what is sent.
      </>
    ),
  }),
  keyviz_disabled: (said) => ({
    title: "The key visualizer is switched off",
    advice: (
      <>
        {said} Start the nodes with <code>--keyvizEnabled</code>, or name peers in <code>fanout.peers</code>.
      </>
    ),
  }),
  local_unavailable: (said) => ({
    title: "The local node does not answer",
    advice: (
      <>
        {said} Check that it runs and that <code>local.url</code> is its admin address.
      </>
    ),
  }),
  invalid_query: (said) => ({
    title: "The daemon does not understand the question",
    advice: <>{said} Choose another range above.</>,
  }),
  misdirected,
};

/** By HTTP status, and by what stands for one (see `Failure`). */
const BY_STATUS: Record<number, (said: string) => Advice> = {
  401: () => ({ title: "Not signed in", advice: sessionAdvice() }),
  403: (said) => ({
    title: "This session may not read the key visualizer",
    advice: <>{said} Sign in with a role that may, at the node’s own admin page, then reload this page.</>,
  }),
  404: () => ({
    title: "There is no matrix at this address",
    advice: (
      <>
        This page asks for <code>/admin/api/v1/keyviz/matrix</code> on its own host. Open it from keyviz-fanout itself,
        or have the proxy pass that path on.
      </>
    ),
  }),
  421: misdirected,
  508: (said) => ({
    title: "Two daemons ask each other in a circle",
    advice: (
      <>
        {said} <code>local.url</code> has to be a node’s address, not a daemon’s.
      </>
    ),
  }),
  0: () => ({
    title: "The daemon can’t be reached",
    advice: (
      <>
        Check that <code>keyviz-fanout</code> runs on {location.host} (<code>systemctl status keyviz-fanout</code>).{" "}
        {refresh.value > 0 ? "This page asks again by itself." : "Refresh is off: then choose “Refresh now”."}
      </>
    ),
  }),
  [-1]: (said) => ({ title: "The answer could not be read", advice: said }),
};

/** By code first, for what the daemon says is more exact than the status. */
export function adviceFor({ status, code, message, fanout }: Failure): Advice {
  if (code === "no_node_answered") return adviceForNodes(fanout?.nodes ?? []);
  const said = message && `${message[0].toUpperCase()}${message.slice(1)}.`;
  const advise = BY_CODE[code] ?? BY_STATUS[status];
  return advise ? advise(said) : { title: `The daemon answered ${status}`, advice: said };
}

/** All of them failed. Where all of them failed in one way, what to do is known. */
function adviceForNodes(nodes: NodeStatus[]): Advice {
  const failed = failedNodes(nodes);
  const all = (test: (node: NodeStatus) => boolean) => failed.length > 0 && failed.every(test);
  if (all(({ error }) => !!error?.includes("keyviz_disabled"))) {
    return {
      title: "The key visualizer is switched off on every node",
      advice: (
        <>
          Each of them says so. Start the nodes with <code>--keyvizEnabled</code>.
        </>
      ),
    };
  }
  if (all(({ reason }) => reason === "auth")) {
    return { title: "No node takes this session", advice: sessionAdvice() };
  }
  return {
    title: failed.some(({ reason }) => SPOKE.has(reason ?? "")) ? "No node gave a matrix" : "No node answered",
    advice: (
      <>
        Each of them failed as listed below. Check that the nodes run, and that <code>fanout.peers</code> names their
        admin addresses: <code>keyviz-fanout peers</code> asks each of them once and says what is wrong.
      </>
    ),
  };
}

/** Reasons of nodes that did answer, if with nothing of use. */
const SPOKE = new Set(["auth", "status", "too_large", "decode", "aggregate"]);
