package import CloudEvents

extension CloudEvent {
    /// With the subscription that it came by, as Keptn's distributor notes it (K §2.0); nil notes nothing.
    package func notingSubscription(_ id: String?) -> CloudEvent {
        guard let id, let data = json, data.kind == .object else { return self }
        let temporary = data["temporaryData"] ?? .emptyObject
        let noted = (temporary["distributor"] ?? .emptyObject).setting("subscriptionID", to: .string(id))
        var event = self
        event.data = .json(data.setting("temporaryData", to: temporary.setting("distributor", to: noted)))
        return event
    }
}
