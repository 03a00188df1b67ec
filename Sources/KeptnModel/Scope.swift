/// Where something happens: one service in one stage of one project.
public struct Scope: Sendable, Hashable, Codable, CustomStringConvertible {
    public var project: String
    public var stage: String
    public var service: String

    public init(project: String, stage: String, service: String) {
        self.project = project
        self.stage = stage
        self.service = service
    }

    public var description: String { "\(project)/\(stage)/\(service)" }
}
