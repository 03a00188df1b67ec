import CloudEvents
import RemoteClients

/// What a command is about, to tell what of it does not exist.
struct Place: Sendable {
    var project: String?
    var stage: String?
    var service: String?

    /// More names than these help nobody.
    private static let namesMax = 20

    /// The outermost part that is not there, with the names that are; nil when all is there or nobody can tell.
    func missing(_ client: APIClient) async -> String? {
        guard let project, let projects = try? await names(client, "controlPlane/v1/project", "projects", "projectName")
        else { return nil }
        guard projects.contains(project) else {
            return Self.text("Project not found: \(project)", "projects", projects)
        }
        let base = "controlPlane/v1/project/\(client.segment(project))/stage"
        guard let stages = try? await names(client, base, "stages", "stageName") else { return nil }
        if let stage, !stages.contains(stage) {
            return Self.text("Stage not found: \(stage) in project \(project)", "stages", stages)
        }
        guard let service else { return nil }
        var services: [String] = []
        for name in stages where stage == nil || stage == name {
            let path = "\(base)/\(client.segment(name))/service"
            guard let found = try? await names(client, path, "services", "serviceName") else { return nil }
            services += found.filter { !services.contains($0) }
        }
        guard !services.contains(service) else { return nil }
        let place = (stage.map { "stage \($0) of " } ?? "") + "project \(project)"
        return Self.text("Service not found: \(service) in \(place)", "services", services)
    }

    private func names(
        _ client: APIClient, _ path: String, _ items: String, _ member: String
    ) async throws -> [String] {
        try await client.pages(path, items: items).map { $0.text(member) }
    }

    private static func text(_ what: String, _ kind: String, _ known: [String]) -> String {
        guard !known.isEmpty else { return "\(what); there are no \(kind)" }
        let more = known.count > namesMax ? ", …" : ""
        return "\(what); known \(kind): \(known.prefix(namesMax).joined(separator: ", "))\(more)"
    }
}
