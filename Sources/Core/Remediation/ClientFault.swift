package import CloudEvents
package import KeptnModel

/// What the proxy does to the requests of one client, because of a problem.
package struct ClientFault: Sendable, Hashable {
    package enum Effect: Sendable, Hashable {
        case delay(Duration)
        /// Refused with this status.
        case refusal(status: Int)
    }

    /// The id of the task that set it up: doing that twice comes to the same.
    package var id: String
    /// When it was set up; nil for one of an older version.
    package var since: Timestamp?
    /// An IP address as it stands first in `X-Forwarded-For`, else the other end of the connection.
    package var client: String
    package var effect: Effect
    /// From then on it counts no more.
    package var until: Timestamp
    /// It counts no more as soon as this problem is over.
    package var problemID: String?

    package init(
        id: String, since: Timestamp? = nil, client: String, effect: Effect, until: Timestamp, problemID: String?
    ) {
        self.id = id
        self.since = since
        self.client = client
        self.effect = effect
        self.until = until
        self.problemID = problemID
    }

    /// What is done to a request of this client now.
    package static func effect(of faults: [ClientFault], on client: String, at now: Timestamp) -> Effect? {
        faults.last { $0.client == client && now < $0.until }?.effect
    }
}

// MARK: - In the log

extension ClientFault {
    /// `fault` of the data of `action.finished`: after a restart it is taken up from there.
    package var json: JSON {
        var members: [(key: String, value: JSON?)] = [("client", .string(client))]
        switch effect {
        case .delay(let delay): members.append(("delay", .string(delay.go)))
        case .refusal(let status): members.append(("status", .integer(status)))
        }
        return .object(
            members + [
                ("since", since.map { .string($0.rfc3339) }), ("until", .string(until.rfc3339)),
                ("problemID", problemID.map { .string($0) }),
            ])
    }

    package init?(id: String, _ json: JSON) {
        guard let client = json["client"]?.stringValue,
            let until = json["until"]?.stringValue.flatMap({
                Timestamp(rfc3339: $0)
            })
        else { return nil }
        let effect: Effect
        if let delay = json["delay"]?.stringValue.flatMap({ Duration(go: $0) }) {
            effect = .delay(delay)
        } else if let status = json["status"]?.intValue {
            effect = .refusal(status: status)
        } else {
            return nil
        }
        self.init(
            id: id, since: json["since"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }, client: client,
            effect: effect, until: until, problemID: json["problemID"]?.stringValue)
    }

    /// The faults that count now, by place.
    ///
    /// - Parameters:
    ///   - actions: `action.finished` events, in any order.
    ///   - problems: Events that tell of the end of problems.
    package static func open(
        actions: [CloudEvent], problems: [CloudEvent], now: Timestamp
    ) -> [Scope: [ClientFault]] {
        var open: [Scope: [ClientFault]] = [:]
        for event in actions.sorted(by: { ($0.time ?? now) < ($1.time ?? now) }) {
            guard let scope = event.keptnData?.scope, let json = event.json?["fault"],
                let fault = ClientFault(id: event.triggeredID ?? event.id, json), now < fault.until
            else { continue }
            let isOver = problems.contains { problem in
                let told = Problem(problem.json ?? .emptyObject)
                return !told.isOpen && told.id != nil && told.id == fault.problemID
                    && problem.keptnData?.scope == scope
                    && (problem.time ?? now) >= (fault.since ?? event.time ?? now)
            }
            if !isOver { open[scope, default: []].append(fault) }
        }
        return open
    }
}
