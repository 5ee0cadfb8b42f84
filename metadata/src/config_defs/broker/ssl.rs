//! TLS.

use crate::config_defs::def::ConfigDef;
use crate::config_defs::settings;

settings! { SETTINGS
    "ssl.allow.dn.changes" Boolean = "false" Low []
        "Whether a new certificate may have another distinguished name.";
    "ssl.allow.san.changes" Boolean = "false" Low []
        "Whether a new certificate may have other alternative names.";
    "ssl.cipher.suites" List = "" Medium [distinct, per_broker]
        "Cipher suites that may be used; empty takes the library's.";
    "ssl.client.auth" String = "none" Medium [one_of(&["required", "requested", "none"]), per_broker]
        "Whether clients must, may or need not present a certificate.";
    "ssl.enabled.protocols" List = "TLSv1.2,TLSv1.3" Medium [distinct, per_broker]
        "TLS versions that may be used.";
    "ssl.endpoint.identification.algorithm" String = "https" Low [per_broker]
        "How the server's name is checked against its certificate; empty does not check.";
    "ssl.engine.factory.class" Class = null Low [per_broker]
        "Class that creates TLS engines.";
    "ssl.key.password" Password = null Medium [per_broker]
        "Password of the private key.";
    "ssl.keymanager.algorithm" String = "SunX509" Medium [per_broker]
        "Algorithm of the key manager.";
    "ssl.keystore.certificate.chain" Password = null Medium [per_broker]
        "Certificate chain in PEM.";
    "ssl.keystore.key" Password = null Medium [per_broker]
        "Private key in PEM.";
    "ssl.keystore.location" String = null Medium [per_broker]
        "File with the private key and its certificates.";
    "ssl.keystore.password" Password = null Medium [per_broker]
        "Password of the key store.";
    "ssl.keystore.type" String = "JKS" Medium [per_broker]
        "Format of the key store.";
    "ssl.principal.mapping.rules" String = "DEFAULT" Low []
        "Rules that shorten distinguished names to principals.";
    "ssl.protocol" String = "TLSv1.3" Medium [per_broker]
        "TLS version preferred for connections.";
    "ssl.provider" String = null Medium [per_broker]
        "Security provider for TLS.";
    "ssl.secure.random.implementation" String = null Low [per_broker]
        "Source of randomness for TLS.";
    "ssl.trustmanager.algorithm" String = "PKIX" Medium [per_broker]
        "Algorithm of the trust manager.";
    "ssl.truststore.certificates" Password = null Medium [per_broker]
        "Trusted certificates in PEM.";
    "ssl.truststore.location" String = null Medium [per_broker]
        "File with the trusted certificates.";
    "ssl.truststore.password" Password = null Medium [per_broker]
        "Password of the trust store.";
    "ssl.truststore.type" String = "JKS" Medium [per_broker]
        "Format of the trust store.";
}
