package import Core

/// Who sends a request, and what they may do.
package struct Caller: Sendable, Hashable {
    /// As logs and messages name them: a token's name, or the subject of an identity provider.
    package var name: String
    package var grant: Grant

    package init(name: String, grant: Grant) {
        self.name = name
        self.grant = grant
    }

    package static let nobody = Caller(name: "nobody", grant: .nothing)

    /// Throws `KeptnError.forbidden` unless the grant reaches the project. What names no project is only for those who
    /// may reach all of them.
    package func require(project: String?) throws {
        guard let projects = grant.projects, project.map(grant.reaches) != true else { return }
        let own = projects.sorted().joined(separator: ", ")
        let asked = project.map { "project \($0)" } ?? "no project"
        throw KeptnError(.forbidden, "'\(name)' is limited to the projects [\(own)]; this request names \(asked)")
    }
}

/// Tells who somebody is by a token that a foreign identity provider has signed.
package protocol IdentityVerifier: Sendable {
    /// Throws `KeptnError.unauthorized` with the reason, `.unavailable` when the provider cannot be asked.
    func caller(of token: String) async throws -> Caller
}
