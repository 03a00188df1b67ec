public import CloudEvents

/// What Keptn puts into every CloudEvent: its extensions, and the common members of `data`.
extension CloudEvent {
    /// The extension names that Keptn adds to CloudEvents.
    public enum KeptnExtension {
        public static let context = "shkeptncontext"
        public static let specVersion = "shkeptnspecversion"
        public static let triggeredID = "triggeredid"
        public static let gitCommitID = "gitcommitid"
    }

    /// The version of the Keptn spec that our own events follow.
    public static let keptnSpecVersion = "0.2.4"

    /// A Keptn event with JSON data, as our components send it.
    public init(
        keptn type: EventType, id: String, source: String, time: Timestamp, context: String,
        triggeredID: String? = nil, gitCommitID: String? = nil, data: JSON
    ) {
        var extensions: [String: JSON] = [
            KeptnExtension.context: .string(context),
            KeptnExtension.specVersion: .string(Self.keptnSpecVersion),
        ]
        if let triggeredID { extensions[KeptnExtension.triggeredID] = .string(triggeredID) }
        if let gitCommitID, !gitCommitID.isEmpty { extensions[KeptnExtension.gitCommitID] = .string(gitCommitID) }
        self.init(
            id: id, source: source, type: type.text, time: time, dataContentType: "application/json",
            extensions: extensions, data: .json(data))
    }

    /// Correlates a whole run through all its stages.
    public var keptnContext: String? {
        get { self[KeptnExtension.context] }
        set { self[KeptnExtension.context] = newValue }
    }

    /// The id of the `.triggered` event that this one answers.
    public var triggeredID: String? { self[KeptnExtension.triggeredID] }

    /// The commit of the configuration that this event's run is pinned to.
    public var gitCommitID: String? { self[KeptnExtension.gitCommitID].flatMap { $0.isEmpty ? nil : $0 } }

    public var eventType: EventType? { EventType(type) }

    /// The common members of `data`, read in one pass; nil where the data is no JSON object.
    public var keptnData: KeptnData? { json.flatMap(KeptnData.init) }
}

/// The members that every Keptn event's `data` may have (spec 0.2.4).
public struct KeptnData: Sendable, Hashable {
    public var project: String?
    public var stage: String?
    public var service: String?
    public var labels: JSON?
    public var status: String?
    public var result: String?
    public var message: String?

    public init?(_ json: JSON) {
        guard json.kind == .object else { return nil }
        for (key, value) in json.members {
            switch key {
            case "project": project = value.stringValue
            case "stage": stage = value.stringValue
            case "service": service = value.stringValue
            case "labels": labels = value.kind == .object ? value : nil
            case "status": status = value.stringValue
            case "result": result = value.stringValue
            case "message": message = value.stringValue
            default: break
            }
        }
    }

    /// Where the event happens; nil unless all three names are there.
    public var scope: Scope? {
        guard let project, let stage, let service, !project.isEmpty, !stage.isEmpty, !service.isEmpty else {
            return nil
        }
        return Scope(project: project, stage: stage, service: service)
    }
}
