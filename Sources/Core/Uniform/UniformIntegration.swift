package import CloudEvents

/// A program that has made itself known to Keptn: what it is, where it runs, and what it wants to hear (K §2.3.8).
package struct UniformIntegration: Sendable, Hashable {
    package var id: String
    package var name: String
    package var metadata: Metadata
    package var subscriptions: [UniformSubscription]

    /// Where and when somebody saw it.
    package struct Metadata: Sendable, Hashable {
        package var hostname: String
        package var integrationVersion: String
        package var distributorVersion: String
        /// `control-plane` or `remote-execution-plane`.
        package var location: String
        package var namespace: String
        package var podName: String
        package var deploymentName: String
        package var lastSeen: Timestamp

        package init(
            hostname: String, integrationVersion: String = "", distributorVersion: String = "", location: String = "",
            namespace: String, podName: String = "", deploymentName: String = "", lastSeen: Timestamp
        ) {
            self.hostname = hostname
            self.integrationVersion = integrationVersion
            self.distributorVersion = distributorVersion
            self.location = location
            self.namespace = namespace
            self.podName = podName
            self.deploymentName = deploymentName
            self.lastSeen = lastSeen
        }
    }

    package init(id: String, name: String, metadata: Metadata, subscriptions: [UniformSubscription]) {
        self.id = id
        self.name = name
        self.metadata = metadata
        self.subscriptions = subscriptions
    }
}

/// What an integration wants to hear. Empty lists mean all.
package struct UniformSubscription: Sendable, Hashable {
    package var id: String
    /// An event type, with the wildcards of NATS subjects.
    package var event: String
    package var projects: [String]
    package var stages: [String]
    package var services: [String]

    package init(
        id: String, event: String, projects: [String] = [], stages: [String] = [], services: [String] = []
    ) {
        self.id = id
        self.event = event
        self.projects = projects
        self.stages = stages
        self.services = services
    }

    /// Why the integration of this name cannot subscribe to it: one sentence for each mistake.
    package func problems(of integration: String) -> [String] {
        var problems: [String] = []
        if event.isEmpty { problems.append("'event' is missing: a subscription needs an event type") }
        if !services.isEmpty, stages.isEmpty {
            problems.append(
                "'filter.services' is [\(services.joined(separator: ", "))], but 'filter.stages' is empty: services "
                    + "can be chosen only together with their stages")
        }
        if integration == UniformRegistry.webhookService, projects.count != 1 {
            problems.append(
                "'filter.projects' is [\(projects.joined(separator: ", "))]: a subscription of "
                    + "\(UniformRegistry.webhookService) needs exactly one project")
        }
        return problems
    }

    /// Whether both hear the same.
    func isTwin(of other: UniformSubscription) -> Bool {
        event == other.event && Set(projects) == Set(other.projects) && Set(stages) == Set(other.stages)
            && Set(services) == Set(other.services)
    }
}

// MARK: - JSON

extension UniformIntegration {
    /// As Keptn's clients read it, and as it is stored.
    package var json: JSON {
        [
            "id": .string(id), "name": .string(name),
            "metadata": [
                "hostname": .string(metadata.hostname),
                "integrationversion": .string(metadata.integrationVersion),
                "distributorversion": .string(metadata.distributorVersion),
                "location": .string(metadata.location),
                "kubernetesmetadata": [
                    "namespace": .string(metadata.namespace), "podname": .string(metadata.podName),
                    "deploymentname": .string(metadata.deploymentName),
                ],
                "lastseen": .string(metadata.lastSeen.rfc3339),
            ],
            "subscriptions": .array(subscriptions.map(\.json)),
        ]
    }

    /// Reads what a client sent or what was stored. What is missing is empty; `lastSeen` counts where no time stands.
    package init(reading json: JSON, lastSeen: Timestamp) {
        func text(_ json: JSON?, _ key: String) -> String { json?[key]?.stringValue ?? "" }
        let metadata = json["metadata"]
        let kubernetes = metadata?["kubernetesmetadata"]
        self.init(
            id: text(json, "id"), name: text(json, "name"),
            metadata: Metadata(
                hostname: text(metadata, "hostname"), integrationVersion: text(metadata, "integrationversion"),
                distributorVersion: text(metadata, "distributorversion"), location: text(metadata, "location"),
                namespace: text(kubernetes, "namespace"), podName: text(kubernetes, "podname"),
                deploymentName: text(kubernetes, "deploymentname"), lastSeen: lastSeen),
            subscriptions: (json["subscriptions"]?.elements ?? []).map(UniformSubscription.init(reading:)))
        if subscriptions.isEmpty { subscriptions = Self.topics(json["subscription"]) }
    }

    /// The form of Keptn before 0.9: topics, and one filter of comma-separated names for all of them.
    private static func topics(_ json: JSON?) -> [UniformSubscription] {
        func list(_ key: String) -> [String] {
            (json?["filter", key]?.stringValue ?? "").split(separator: ",").map { String($0) }
        }
        return (json?["topics"]?.elements ?? []).compactMap(\.stringValue).map {
            UniformSubscription(
                id: "", event: $0, projects: list("project"), stages: list("stage"), services: list("service"))
        }
    }
}

extension UniformSubscription {
    /// Under which webhook-service hears it.
    package var webhookName: String { "webhook:\(id)" }

    package var json: JSON {
        func list(_ names: [String]) -> JSON { .array(names.map { .string($0) }) }
        return [
            "id": .string(id), "event": .string(event),
            "filter": ["projects": list(projects), "stages": list(stages), "services": list(services)],
        ]
    }

    package init(reading json: JSON) {
        func list(_ key: String) -> [String] { (json["filter", key]?.elements ?? []).compactMap(\.stringValue) }
        self.init(
            id: json["id"]?.stringValue ?? "", event: json["event"]?.stringValue ?? "", projects: list("projects"),
            stages: list("stages"), services: list("services"))
    }
}
