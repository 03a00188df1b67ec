/// Projects' repositories as Git clients see them over HTTP (gitprotocol-http(5)).
///
/// An unknown project is `KeptnError.notFound`, a request that is not Git's protocol `.invalidInput`.
package protocol GitHosting: Sendable {
    /// What a client hears first: the branches, and what can be done with them.
    func offer(_ service: GitService, of project: String, _ version: GitProtocolVersion) async throws -> [UInt8]

    /// Answers one request of a client that fetches.
    @concurrent func upload(
        _ request: [UInt8], of project: String, _ version: GitProtocolVersion, _ write: APIResponse.Writer
    ) async throws

    /// Checks what is pushed, and takes it or refuses it as a whole; what was refused stands in the answer.
    func receive(_ push: IncomingBody, to project: String) async throws -> [UInt8]
}

/// The two services of Git's protocol, by their names there.
package enum GitService: String, Sendable, CaseIterable {
    case uploadPack = "git-upload-pack"
    case receivePack = "git-receive-pack"
}
