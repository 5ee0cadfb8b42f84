//! Transactions.

use crate::config_defs::def::ConfigDef;
use crate::config_defs::settings;

settings! { SETTINGS
    "add.partitions.to.txn.retry.backoff.max.ms" Int = "100" High [at_least(0)]
        "Longest time the broker retries AddPartitionsToTxn on the producer's behalf.";
    "add.partitions.to.txn.retry.backoff.ms" Int = "20" High [at_least(1)]
        "Pause between the broker's own retries of AddPartitionsToTxn.";
    "transaction.abort.timed.out.transaction.cleanup.interval.ms" Int = "10000" Low [at_least(1)]
        "Time between searches for transactions that timed out.";
    "transaction.max.timeout.ms" Int = "900000" High [at_least(1)]
        "Longest timeout a transaction may ask for.";
    "transaction.partition.verification.enable" Boolean = "true" Low [cluster_wide]
        "Whether a partition checks with the coordinator that it belongs to a transaction.";
    "transaction.remove.expired.transaction.cleanup.interval.ms" Int = "3600000" Low [at_least(1)]
        "Time between removals of expired transactional ids.";
    "transaction.state.log.load.buffer.size" Int = "5242880" High [at_least(1)]
        "Batch size when transaction state is loaded.";
    "transaction.state.log.min.isr" Int = "2" High [at_least(1)]
        "`min.insync.replicas` of the transaction topic.";
    "transaction.state.log.num.partitions" Int = "50" High [at_least(1)]
        "Partitions of the transaction topic; fixed once it exists.";
    "transaction.state.log.replication.factor" Short = "3" High [at_least(1)]
        "Replicas of the transaction topic.";
    "transaction.state.log.segment.bytes" Int = "104857600" High [at_least(1)]
        "Segment size of the transaction topic.";
    "transaction.two.phase.commit.enable" Boolean = "false" Low []
        "Whether producers may prepare transactions that only they complete.";
    "transactional.id.expiration.ms" Int = "604800000" High [at_least(1)]
        "Idle time after which a transactional id is forgotten.";
}
