package import Core
package import KeptnModel

/// Lets the proxy treat requests of single clients in another way.
package protocol ClientFaultSwitch: Sendable {
    /// Whether the requests of a service come through here.
    func covers(_ scope: Scope) -> Bool

    /// From now on these faults count for a service, and no others.
    func setFaults(_ faults: [ClientFault], of scope: Scope)
}

/// The feature flags of services, each in a file that an OpenFeature provider watches.
package protocol FeatureFlags: Sendable {
    /// Whether the service has any.
    func exist(for scope: Scope) async -> Bool

    /// Gives flags another variant, all or none of them; durable when it returns. Throws `FlagMistake` for what is not
    /// there, `KeptnError` for a file that cannot be read or written.
    func change(_ changes: [BuiltInAction.FlagChange], of scope: Scope) async throws
}
