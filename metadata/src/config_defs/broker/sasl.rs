//! Authentication by SASL, OAuth included.

use crate::config_defs::def::ConfigDef;
use crate::config_defs::settings;

settings! { SETTINGS
    "sasl.client.callback.handler.class" Class = null Medium []
        "Callback handler of the node's own SASL clients.";
    "sasl.enabled.mechanisms" List = "GSSAPI" Medium [distinct, per_broker]
        "SASL mechanisms that listeners offer.";
    "sasl.jaas.config" Password = null Medium [per_broker]
        "JAAS login entry of a listener and mechanism.";
    "sasl.kerberos.kinit.cmd" String = "/usr/bin/kinit" Medium [per_broker]
        "Path of kinit.";
    "sasl.kerberos.min.time.before.relogin" Long = "60000" Medium [per_broker]
        "Least time between two Kerberos logins.";
    "sasl.kerberos.principal.to.local.rules" List = "DEFAULT" Medium [distinct, per_broker]
        "Rules that shorten Kerberos principals to names.";
    "sasl.kerberos.service.name" String = null Medium [per_broker]
        "Kerberos service name of the brokers.";
    "sasl.kerberos.ticket.renew.jitter" Double = "0.05" Medium [per_broker]
        "Random share added to the time of a ticket renewal.";
    "sasl.kerberos.ticket.renew.window.factor" Double = "0.8" Medium [per_broker]
        "Share of a ticket's life after which it is renewed.";
    "sasl.login.callback.handler.class" Class = null Medium []
        "Callback handler of SASL logins.";
    "sasl.login.class" Class = null Medium []
        "Class that logs in.";
    "sasl.login.connect.timeout.ms" Int = null Low []
        "Longest wait for a connection to the login provider.";
    "sasl.login.read.timeout.ms" Int = null Low []
        "Longest wait for an answer of the login provider.";
    "sasl.login.refresh.buffer.seconds" Short = "300" Medium [per_broker]
        "Time before expiry that is kept free when a credential is refreshed.";
    "sasl.login.refresh.min.period.seconds" Short = "60" Medium [per_broker]
        "Least time before a credential is refreshed.";
    "sasl.login.refresh.window.factor" Double = "0.8" Medium [per_broker]
        "Share of a credential's life after which it is refreshed.";
    "sasl.login.refresh.window.jitter" Double = "0.05" Medium [per_broker]
        "Random share added to the time of a refresh.";
    "sasl.login.retry.backoff.max.ms" Long = "10000" Low []
        "Longest pause between attempts to log in.";
    "sasl.login.retry.backoff.ms" Long = "100" Low []
        "First pause between attempts to log in.";
    "sasl.mechanism.controller.protocol" String = "GSSAPI" High []
        "SASL mechanism towards controllers.";
    "sasl.mechanism.inter.broker.protocol" String = "GSSAPI" Medium [per_broker]
        "SASL mechanism between brokers.";
    "sasl.oauthbearer.assertion.algorithm" String = "RS256" Medium [one_of_ignoring_case(&["ES256", "RS256"])]
        "Algorithm that signs client assertions.";
    "sasl.oauthbearer.assertion.claim.aud" String = null Medium []
        "Audience claim of client assertions.";
    "sasl.oauthbearer.assertion.claim.exp.seconds" Int = "300" Low [between(0.0, 86400.0)]
        "Seconds until a client assertion expires.";
    "sasl.oauthbearer.assertion.claim.iss" String = null Medium []
        "Issuer claim of client assertions.";
    "sasl.oauthbearer.assertion.claim.jti.include" Boolean = "false" Medium []
        "Whether client assertions carry a unique id.";
    "sasl.oauthbearer.assertion.claim.nbf.seconds" Int = "60" Low [between(0.0, 3600.0)]
        "Seconds in the past from which a client assertion holds.";
    "sasl.oauthbearer.assertion.claim.sub" String = null Medium []
        "Subject claim of client assertions.";
    "sasl.oauthbearer.assertion.file" String = null Medium []
        "File with a client assertion made elsewhere.";
    "sasl.oauthbearer.assertion.private.key.file" String = null Medium []
        "File with the key that signs client assertions.";
    "sasl.oauthbearer.assertion.private.key.passphrase" Password = null Medium []
        "Passphrase of the key that signs client assertions.";
    "sasl.oauthbearer.assertion.template.file" String = null Medium []
        "File with claims and headers for client assertions.";
    "sasl.oauthbearer.client.credentials.client.id" String = null Medium []
        "Client id for the client-credentials grant.";
    "sasl.oauthbearer.client.credentials.client.secret" Password = null Medium []
        "Client secret for the client-credentials grant.";
    "sasl.oauthbearer.clock.skew.seconds" Int = "30" Low []
        "Difference between clocks that token checks forgive.";
    "sasl.oauthbearer.expected.audience" List = "" High [distinct]
        "Audiences of which a token must name one.";
    "sasl.oauthbearer.expected.issuer" String = null High []
        "Issuer that a token must name.";
    "sasl.oauthbearer.jwks.endpoint.refresh.ms" Long = "3600000" Low []
        "Time between refreshes of the key set.";
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms" Long = "10000" Low []
        "Longest pause between attempts to get the key set.";
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms" Long = "100" Low []
        "First pause between attempts to get the key set.";
    "sasl.oauthbearer.jwks.endpoint.url" String = null Medium []
        "Where the keys that sign tokens are found.";
    "sasl.oauthbearer.jwt.retriever.class" Class = "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever" Medium []
        "Class that gets tokens.";
    "sasl.oauthbearer.jwt.validator.class" Class = "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator" Medium []
        "Class that checks tokens.";
    "sasl.oauthbearer.scope" String = null Medium []
        "Scope asked for when a token is requested.";
    "sasl.oauthbearer.scope.claim.name" String = "scope" Low []
        "Name of the claim that holds the scope.";
    "sasl.oauthbearer.sub.claim.name" String = "sub" Low []
        "Name of the claim that holds the subject.";
    "sasl.oauthbearer.token.endpoint.url" String = null Medium []
        "Where tokens are requested.";
    "sasl.server.callback.handler.class" Class = null Medium []
        "Callback handler of SASL on listeners.";
    "sasl.server.max.receive.size" Int = "524288" Medium []
        "Largest SASL message before authentication.";
}
