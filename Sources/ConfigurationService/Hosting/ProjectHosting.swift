import KeptnModel
package import Ports

/// Serves the projects' repositories to Git clients. A push is a change like any other: it waits for its turn, is
/// decided on the newest commits, and the upstream hears of it.
///
/// References only ever move forward, and only the branches that a project has: a commit that a sequence is pinned to
/// cannot get lost, and stages come and go with the project's shipyard alone.
package struct ProjectHosting: GitHosting {
    /// One push, its pack included.
    private static let packBytesMax = 1 << 30
    private static let commandBytesMax = 1 << 20
    private static let pushTime = Duration.seconds(600)
    private static let capabilities = "report-status delete-refs side-band-64k ofs-delta object-format=sha1 agent=keptn"

    private let configuration: ConfigurationService
    private let packs: any GitPacks

    package init(of configuration: ConfigurationService, packs: any GitPacks) {
        self.configuration = configuration
        self.packs = packs
    }

    package func offer(
        _ service: GitService, of project: String, _ version: GitProtocolVersion
    ) async throws -> [UInt8] {
        _ = try await configuration.tip(of: ConfigurationPlace(project: project))
        let head = PacketLine.encode("# service=\(service.rawValue)\n") + PacketLine.flush
        switch service {
        case .uploadPack:
            let offer = try await packs.uploadOffer(of: project, version)
            return version == .two ? offer : head + offer
        case .receivePack:
            var lines: [String] = []
            for branch in try await configuration.files.branches(of: project) {
                guard let tip = try await configuration.files.head(of: branch, in: project) else { continue }
                lines.append("\(tip) refs/heads/\(branch)" + (lines.isEmpty ? "\0\(Self.capabilities)" : "") + "\n")
            }
            return head + lines.flatMap { PacketLine.encode($0) } + PacketLine.flush
        }
    }

    @concurrent package func upload(
        _ request: [UInt8], of project: String, _ version: GitProtocolVersion, _ write: APIResponse.Writer
    ) async throws {
        try await packs.upload(request, of: project, version, write)
    }

    package func receive(_ push: IncomingBody, to project: String) async throws -> [UInt8] {
        _ = try await configuration.tip(of: ConfigurationPlace(project: project))
        do {
            return try await configuration.time.withDeadline(Self.pushTime, "the push") {
                try await take(push, to: project)
            }
        } catch let error as DeadlineExceeded {
            throw KeptnError(.unavailable, "\(error)")
        }
    }

    @concurrent private func take(_ push: IncomingBody, to project: String) async throws -> [UInt8] {
        var reader = PacketReader(push)
        let request = try PushRequest(try await reader.section(upTo: Self.commandBytesMax))
        // With none, Git only tries whether it may push.
        guard !request.commands.isEmpty else { return [] }
        var room = Self.packBytesMax
        func next() async throws -> [UInt8]? {
            guard let piece = try await reader.rest() else { return nil }
            room -= piece.count
            guard room >= 0 else {
                throw KeptnError(.tooLarge, "the push is larger than \(Self.packBytesMax) bytes")
            }
            return piece
        }
        var judgement = PushJudgement(request.commands)
        try await judgement.judgeReferences(branches: configuration.ownBranches(of: project))
        guard judgement.isAccepted else {
            while try await next() != nil {}
            return judgement.report.encoded(for: request.capabilities)
        }
        do {
            let report = try await packs.receive(for: project, tips: request.commands.map(\.new), next) { commits in
                try await configuration.accept(commits, judgement, into: project)
            }
            return report.encoded(for: request.capabilities)
        } catch let error as KeptnError where error.code == .invalidInput {
            judgement.fail(error.message)
            return judgement.report.encoded(for: request.capabilities)
        }
    }
}

extension ConfigurationService {
    /// Judges a push by what it changes, and takes it when nothing is wrong.
    @concurrent fileprivate func accept(
        _ commits: any PushedCommits, _ judgement: PushJudgement, into project: String
    ) async throws -> PushReport {
        try await turns.with(project) {
            var judgement = judgement
            for command in judgement.commands {
                guard let branch = command.branch else { continue }
                guard let tip = try await files.head(of: branch, in: project), tip == command.old else {
                    judgement.refuse(command, "fetch first")
                    continue
                }
                guard let changes = try await commits.changes(from: command.old, to: command.new) else {
                    judgement.refuse(command, "non-fast-forward: branches here only move forward")
                    continue
                }
                try await judge(changes, command, commits, project, &judgement)
            }
            guard judgement.isAccepted else { return judgement.report }
            do {
                try await commits.accept(
                    judgement.commands.map { BranchMove($0.branch ?? "", from: $0.old, to: $0.new) })
            } catch let error as KeptnError where error.code == .conflict {
                for command in judgement.commands { judgement.refuse(command, "fetch first") }
                return judgement.report
            }
            await links?.changed(project)
            return judgement.report
        }
    }

    private func judge(
        _ changes: [PushedChange], _ command: PushRequest.Command, _ commits: any PushedCommits, _ project: String,
        _ judgement: inout PushJudgement
    ) async throws {
        let isDefault = command.branch == defaultBranch
        for change in changes {
            let path: RepositoryPath
            do { path = try RepositoryPath(change.path) } catch {
                judgement.note(error.message, command)
                continue
            }
            switch change.kind {
            case .removed:
                if isDefault && path.text == Self.shipyardFile || isOfStage(path) {
                    judgement.note("a project cannot be without its '\(path)'", command)
                }
            case .leftOut: judgement.remark("'\(path)' is a link or a submodule: Keptn leaves it out")
            case .written:
                guard FileCheck.concerns(path) else { continue }
                guard let bytes = try await commits.read(path, at: command.new, upTo: FileCheck.bytesMax) else {
                    judgement.note("\(path): the file is larger than \(FileCheck.bytesMax) bytes", command)
                    continue
                }
                var mistakes = FileCheck.mistakes(in: bytes, path).map(\.description)
                if isDefault, path.text == Self.shipyardFile, mistakes.isEmpty {
                    mistakes = try await stageMistakes(bytes, project, at: command.old)
                }
                if path.text == Metadata.fileName, mistakes.isEmpty,
                    try await layout(at: command.old, of: project)
                        != (try Metadata(reading: bytes, file: path.text)).layout
                {
                    mistakes = ["\(path): the layout of a project changes by a migration only"]
                }
                for mistake in mistakes { judgement.note(mistake, command) }
            }
        }
    }

    /// The metadata at the root of a project or a stage: they are gone without it.
    private func isOfStage(_ path: RepositoryPath) -> Bool {
        let parts = path.parts
        return parts == [Metadata.fileName]
            || parts.count == 3 && parts[0] == Layout.stagesFolder && parts[2] == Metadata.fileName
    }

    private func stageMistakes(_ shipyard: [UInt8], _ project: String, at tip: String) async throws -> [String] {
        do {
            try await checkKeepsStages(try read(shipyard: shipyard, of: project), of: project, at: tip)
            return []
        } catch let error as KeptnError where error.code == .invalidInput {
            return ["\(Self.shipyardFile): \(error.message)"]
        }
    }
}
