//! Everything that concerns the node as a whole: plug-ins, tokens, quotas, metrics, unstable features.

use crate::config_defs::def::ConfigDef;
use crate::config_defs::settings;

settings! { SETTINGS
    "alter.config.policy.class.name" Class = null Low []
        "Class that may refuse changes of configuration.";
    "authorizer.class.name" String = "" Low [non_null]
        "Class that decides who may do what; empty allows everything.";
    "client.quota.callback.class" Class = null Low []
        "Class that decides the quotas of clients.";
    "config.providers" List = "" Low [distinct, cluster_wide]
        "Names of the providers that resolve variables inside configuration values.";
    "delegation.token.expiry.check.interval.ms" Long = "3600000" Low [at_least(1)]
        "Time between sweeps for expired delegation tokens.";
    "delegation.token.expiry.time.ms" Long = "86400000" Medium [at_least(1)]
        "Life of a delegation token before it must be renewed.";
    "delegation.token.max.lifetime.ms" Long = "604800000" Medium [at_least(1)]
        "Age beyond which a delegation token cannot be renewed.";
    "delegation.token.secret.key" Password = null Medium []
        "Secret with which delegation tokens are made and checked; equal on all nodes.";
    "kafka.metrics.polling.interval.secs" Int = "10" Low [at_least(1)]
        "Polling interval of `kafka.metrics.reporters`.";
    "kafka.metrics.reporters" List = "" Low [distinct]
        "Classes that report the older kind of metrics.";
    "metric.reporters" List = "org.apache.kafka.common.metrics.JmxReporter" Low [distinct, cluster_wide]
        "Classes that report metrics.";
    "metrics.num.samples" Int = "2" Low [at_least(1)]
        "Samples kept for a metric.";
    "metrics.recording.level" String = "INFO" Low []
        "Lowest level of metrics that is recorded.";
    "metrics.sample.window.ms" Long = "30000" Low [at_least(1)]
        "Length of one metrics sample.";
    "principal.builder.class" Class = "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder" Medium [per_broker]
        "Class that derives a principal from a connection.";
    "quota.window.num" Int = "11" Low [at_least(1)]
        "Samples kept for client quotas.";
    "quota.window.size.seconds" Int = "1" Low [at_least(1)]
        "Length of one client quota sample.";
    "security.providers" String = null Low []
        "Classes that create security providers.";
    "telemetry.max.bytes" Int = "1048576" Low [at_least(1)]
        "Largest telemetry payload accepted from a client, after decompression.";
    "unstable.api.versions.enable" Boolean = "false" High [internal]
        "Whether API versions under development are offered.";
    "unstable.feature.versions.enable" Boolean = "false" High [internal]
        "Whether feature levels under development are offered.";
}
