/// `manifest.yaml` of an import package: what is done, in this order (K §3.6).
public struct ImportManifest: Sendable, Hashable {
    public static let apiVersion = "v1beta1"
    public static let fileName = "manifest.yaml"

    public var tasks: [Task]

    public struct Task: Sendable, Hashable {
        public var id: String
        /// For people; may be empty.
        public var name: String
        /// Values for the templates of the task's file; templates themselves.
        public var context: [String: String]
        public var work: Work

        public init(id: String, name: String, context: [String: String], work: Work) {
            self.id = id
            self.name = name
            self.context = context
            self.work = work
        }
    }

    public enum Work: Sendable, Hashable {
        /// A call of the API with a file of the package as body.
        case api(Action, payload: String)
        /// A file of the package becomes a resource; without a stage in all of them.
        case resource(file: String, uri: String, stage: String, service: String)
    }

    public enum Action: String, Sendable, CaseIterable {
        case createService = "keptn-api-v1-create-service"
        case createSecret = "keptn-api-v1-uniform-create-secret"
        case createWebhookSubscription = "keptn-api-v1-uniform-create-webhook-subscription"
    }

    public init(tasks: [Task]) { self.tasks = tasks }
}

extension ImportManifest.Task {
    /// The file of the package that the task needs.
    public var file: String {
        switch work {
        case .api(_, let payload): payload
        case .resource(let file, _, _, _): file
        }
    }
}
