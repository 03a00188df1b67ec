/// What the API's document says of one route. Kept apart from the route's handler, so that both stay short; a test
/// holds the two lists against each other.
struct Operation: Sendable {
    enum Tag: String, CaseIterable, Sendable {
        case events, projects, services, sequences, overviews, resources, integrations, secrets, tokens, statistics,
            server, debug
    }

    /// What a request carries.
    enum Body: Sendable {
        /// A JSON body in the notation of `Shape`.
        case json(String)
        /// Anything else, by its media type.
        case bytes(String)
    }

    /// What it answers when it goes well.
    enum Answer: Sendable {
        /// JSON of a shape, and the further media type that it may come as.
        case json(String, or: String? = nil)
        case bytes(String)
    }

    let method: String
    /// As in the route.
    let path: String
    let tag: Tag
    let summary: String
    /// Such as `pageSize: integer, project*: string`: the members of a shape.
    var query = ""
    var body: Body?
    /// By status.
    var answers: [Int: Answer]
    /// Further statuses, all with Keptn's error body.
    var errors: [Int] = []

    init(
        _ method: String, _ path: String, _ tag: Tag, _ summary: String, query: String = "", body: Body? = nil,
        answers: [Int: Answer], errors: [Int] = []
    ) {
        self.method = method
        self.path = path
        self.tag = tag
        self.summary = summary
        self.query = query
        self.body = body
        self.answers = answers
        self.errors = errors
    }

    var key: String { "\(method) \(path)" }
}
