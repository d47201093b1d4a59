//! In which organizations to look for somebody.

use std::array;
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, PoisonError, RwLock};

use foldhash::fast::RandomState;

use crate::rows::Map;
use crate::storage::Tenant;

const SHARDS: usize = 32;

/// Organizations by whom they know, each list by id.
type Shard<K> = RwLock<Map<K, Vec<Arc<Tenant>>>>;

/// Organizations by whom they know, in shards with a lock each.
///
/// It holds no rows: whoever looks there afterwards, with the rows held, sees whole commits, and one that was
/// acknowledged before the question is never missed.
#[derive(Debug)]
pub(crate) struct Directory<K> {
    hasher: RandomState,
    shards: [Shard<K>; SHARDS],
}

impl<K> Default for Directory<K> {
    fn default() -> Self {
        Self { hasher: RandomState::default(), shards: array::from_fn(|_| RwLock::default()) }
    }
}

impl<K: Hash + Eq + Clone> Directory<K> {
    /// Says whether there is something to be found in an organization. To be called with its rows held.
    pub(crate) fn set(&self, key: &K, tenant: &Arc<Tenant>, is_there: bool) {
        let Some(shard) = self.shard(key) else { return };
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        let Some(tenants) = shard.get_mut(key) else {
            if is_there {
                shard.insert(key.clone(), vec![Arc::clone(tenant)]);
            }
            return;
        };
        match (tenants.binary_search(tenant), is_there) {
            (Err(at), true) => tenants.insert(at, Arc::clone(tenant)),
            (Ok(at), false) => drop(tenants.remove(at)),
            _ => {}
        }
        if tenants.is_empty() {
            shard.remove(key);
        }
    }

    /// The organizations in which to look.
    pub(crate) fn tenants(&self, key: &K) -> Vec<Arc<Tenant>> {
        let Some(shard) = self.shard(key) else { return Vec::new() };
        shard.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned().unwrap_or_default()
    }

    fn shard(&self, key: &K) -> Option<&Shard<K>> {
        let hash = self.hasher.hash_one(key) % SHARDS as u64;
        self.shards.get(usize::try_from(hash).ok()?)
    }

    #[cfg(test)]
    pub(crate) fn all(&self) -> Vec<(K, invite_core::OrganizationId)> {
        let shards = self.shards.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner));
        shards
            .flat_map(|shard| {
                shard.iter().map(|(key, tenants)| (key.clone(), tenants.clone())).collect::<Vec<_>>()
            })
            .flat_map(|(key, tenants)| {
                tenants.into_iter().map(move |tenant| (key.clone(), tenant.id.clone()))
            })
            .collect()
    }
}
