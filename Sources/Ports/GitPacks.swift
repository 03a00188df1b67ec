/// The transfer of commits between our repositories and Git clients, and what a push brings before it counts.
///
/// An unknown repository is `KeptnError.notFound`; too many clients at once are `.unavailable`.
package protocol GitPacks: Sendable {
    /// What `git upload-pack` tells a client that begins to fetch.
    func uploadOffer(of repository: String, _ version: GitProtocolVersion) async throws -> [UInt8]

    /// Answers one request of a client that fetches (its whole body) as Git does, piece by piece.
    @concurrent func upload(
        _ request: [UInt8], of repository: String, _ version: GitProtocolVersion, _ write: APIResponse.Writer
    ) async throws

    /// Takes in a pushed pack aside, where only the body sees its commits, and forgets it unless the body accepts it.
    /// Throws `.invalidInput` for a pack that is broken, unsafe or incomplete.
    /// - Parameters:
    ///   - tips: the commits that the pack is for.
    ///   - next: the next bytes of the pack; nil at its end.
    @concurrent func receive<Value: Sendable>(
        for repository: String, tips: [String], _ next: @concurrent () async throws -> [UInt8]?,
        _ body: @concurrent (any PushedCommits) async throws -> Value
    ) async throws -> Value
}

/// How a client speaks (`Git-Protocol`, gitprotocol-v2(5)).
package enum GitProtocolVersion: Sendable, Hashable {
    case original, two
}

/// What a push would bring: its commits beside those of the repository.
package protocol PushedCommits: Sendable {
    /// The files that differ, sorted by path; nil when the new commit does not follow the old one.
    func changes(from old: String, to new: String) async throws -> [PushedChange]?

    /// A file's bytes; nil when there is none, or it is larger.
    func read(_ path: RepositoryPath, at commit: String, upTo bytesMax: Int) async throws -> [UInt8]?

    /// Makes the commits part of the repository and moves the branches, durably. Throws `.conflict` when one of them
    /// has moved meanwhile; then none moves.
    func accept(_ moves: [BranchMove]) async throws
}

/// One file in which two commits differ.
package struct PushedChange: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case written, removed
        /// A symbolic link or a submodule, which Keptn leaves out.
        case leftOut
    }

    /// As it stands in Git: it may break the rules of `RepositoryPath`. Bytes that are not UTF-8 are replaced.
    package let path: String
    package let kind: Kind

    package init(_ path: String, _ kind: Kind) {
        self.path = path
        self.kind = kind
    }
}

package struct BranchMove: Sendable, Hashable {
    package let branch: String
    package let from: String
    package let to: String

    package init(_ branch: String, from: String, to: String) {
        self.branch = branch
        self.from = from
        self.to = to
    }
}
