import CloudEvents
import KeptnModel
import Logging
package import Ports
import SpecFiles

/// Projects come and go, with or without an upstream.
extension ConfigurationService {
    package func createProject(_ name: String, shipyard: [UInt8]?, upstream: GitCredentials?) async throws {
        if let problem = Names.problem(project: name) {
            throw KeptnError(.invalidInput, "'\(name)' cannot be a project's name: \(problem)")
        }
        // Before anything is asked for elsewhere.
        let branches = try shipyard.map { try firstBranches(of: name, shipyard: $0) }
        try await turns.with(name) { try await createNow(name, branches, upstream) }
    }

    private func createNow(_ name: String, _ branches: FirstBranches?, _ upstream: GitCredentials?) async throws {
        guard try await !files.repositories().contains(name) else { throw Self.exists(name) }
        // What an earlier project of the name has left is not this one's.
        try await forgetUpstream(of: name)
        guard let upstreams else {
            guard upstream == nil else { throw Self.noUpstreams }
            return try await create(name, try branches ?? missingShipyard())
        }
        if let upstream {
            try upstreams.check(upstream)
            return try await create(name, branches, upstream, isProvisioned: false, upstreams)
        }
        let new = try branches ?? missingShipyard()
        guard let url = upstreams.provisioningURL else { return try await create(name, new) }
        let provisioned = try await upstreams.provision(name, at: url)
        do {
            try await create(name, new, provisioned, isProvisioned: true, upstreams)
        } catch {
            await quietly("a provisioned repository is left over", name) {
                try await upstreams.unprovision(name, at: url)
            }
            throw error
        }
    }

    package func updateProject(_ name: String, _ update: ProjectUpdate) async throws {
        _ = try await tip(of: ConfigurationPlace(project: name))
        guard let upstream = update.upstream else {
            try await replace(shipyard: update.shipyard, of: name)
            if update.migrates { try await migrate(name) }
            return
        }
        guard let upstreams, let links else { throw Self.noUpstreams }
        try upstreams.check(upstream)
        let draft = Upstreams.draft(of: name)
        try await upstreams.save(upstream, isProvisioned: false, as: draft)
        do {
            // Only forward: an upstream with other commits is refused and keeps them.
            try await upstreams.git.push(try await files.branches(of: name), of: name, to: upstream)
            try await replace(shipyard: update.shipyard, of: name)
            if update.migrates { try await migrate(name) }
            try await turns.with(name) {
                guard try await files.repositories().contains(name) else { throw Self.unknown(project: name) }
                try await upstreams.save(upstream, isProvisioned: false, as: Upstreams.secret(of: name))
                try await links.add(upstream, isProvisioned: false, to: name)
            }
            try await upstreams.secrets.delete(draft)
        } catch {
            await quietly("a secret is left over", name) { try await upstreams.secrets.delete(draft) }
            throw error
        }
    }

    package func upstream(of project: String) async throws -> ProjectUpstream? {
        _ = try await tip(of: ConfigurationPlace(project: project))
        guard let link = try await links?.link(of: project) else { return nil }
        let isHidden = link.isProvisioned && upstreams?.hidesProvisioned == true
        var status = link.status
        if isHidden, let url = link.credentials?.remoteURL {
            status.message = status.message.replacing(url, with: "(hidden)")
        }
        return ProjectUpstream(
            credentials: link.credentials, isProvisioned: link.isProvisioned, status: status, isHidden: isHidden)
    }

    package func deleteProject(_ name: String) async throws {
        try await turns.with(name) {
            _ = try await tip(of: ConfigurationPlace(project: name))
            do {
                try await files.remove(name)
            } catch let error as KeptnError where error.code == .notFound {
                throw Self.unknown(project: name)
            }
            // Nothing brings it back from here on, so that no failure of the rest is one of the deletion.
            await quietly("a deleted project has left something behind", name) { try await forget(name) }
        }
    }

    package func finishDeletion(of name: String) async throws {
        try await turns.with(name) {
            guard try await !files.repositories().contains(name) else { throw Self.exists(name) }
            try await forget(name)
        }
    }

    /// Brings to an end what the process was doing with upstreams before it ended: the last thing but deletions that is
    /// done before a start. A project that was being made is there with its upstream, or not at all when its import had
    /// not got to its end; an upstream that was being changed is the one that it was before.
    package func finishUpstreams() async throws {
        guard let upstreams else { return }
        for name in try await upstreams.drafts() {
            await quietly("a project and its upstream were left in the middle", name) {
                try await turns.with(name) { try await finish(Upstreams.draft(of: name), of: name, upstreams) }
            }
        }
    }

    private func finish(_ draft: SecretName, of name: String, _ upstreams: Upstreams) async throws {
        if let begun = try await upstreams.load(draft), let creation = begun.creation,
            try await upstreams.load(name) == nil
        {
            if try await !files.repositories().contains(name) {
                if begun.isProvisioned, let url = upstreams.provisioningURL {
                    try await upstreams.unprovision(name, at: url)
                }
            } else if creation == .import, try await !hasAllStages(name) {
                try await files.remove(name)
            } else {
                // What is missing there is pushed by the sync.
                try await upstreams.save(
                    begun.credentials, isProvisioned: begun.isProvisioned, as: Upstreams.secret(of: name))
                try await links?.add(begun.credentials, isProvisioned: begun.isProvisioned, to: name)
            }
        }
        try await upstreams.secrets.delete(draft)
    }

    /// Whether an import got to its end. Throws for what cannot be read: nothing is removed then.
    private func hasAllStages(_ name: String) async throws -> Bool {
        let tip = try await tip(of: ConfigurationPlace(project: name))
        guard try await read(try RepositoryPath(Self.shipyardFile), at: tip, of: name) != nil else { return false }
        if try await layout(at: tip, of: name) == .folders { return true }
        let stages = try await shipyard(of: name, commit: tip).shipyard.stages.map(\.name)
        return Set(stages).isSubset(of: try await files.branches(of: name))
    }

    /// Everything of a project beside its repository.
    private func forget(_ name: String) async throws {
        await quietly("the index of services has too much", name) {
            try await index?.forgetServiceFolders(project: name)
        }
        forgetPins()
        // As long as the secret is there, somebody knows that there is a repository to give back.
        if let upstreams, let url = upstreams.provisioningURL {
            await quietly("a provisioned repository is left over", name) {
                guard try await upstreams.load(name)?.isProvisioned == true else { return }
                try await upstreams.unprovision(name, at: url)
            }
        }
        try await forgetUpstream(of: name)
    }

    private func forgetUpstream(of name: String) async throws {
        guard let upstreams, let links else { return }
        for secret in [Upstreams.secret(of: name), Upstreams.draft(of: name)] {
            try await upstreams.secrets.delete(secret)
        }
        try await links.remove(name)
    }
}

extension ConfigurationService {
    private static let noUpstreams = KeptnError(.invalidInput, "this server is not set up for Git upstreams")

    private static func exists(_ name: String) -> KeptnError {
        KeptnError(.conflict, "project '\(name)' exists already")
    }

    private typealias FirstBranches = (root: NewCommit, branches: [NewBranch])

    private func missingShipyard() throws(KeptnError) -> FirstBranches {
        throw KeptnError(
            .invalidInput,
            "a project needs a \(Self.shipyardFile); only one that is imported from a Git upstream has it")
    }

    private func firstBranches(of name: String, shipyard: [UInt8]) throws -> FirstBranches {
        let stages = try read(shipyard: shipyard, of: name).stages.map(\.name)
        guard !stages.contains(defaultBranch) else {
            throw KeptnError(
                .invalidInput,
                "a stage cannot be named '\(defaultBranch)': that is the branch of the project's own files")
        }
        let project = ConfigurationPlace(project: name)
        let root = try commit(
            "initialized project", [try Metadata.path(in: nil): newMetadata(of: project, newLayout)])
        var files = [try RepositoryPath(Self.shipyardFile): FileChange.write(shipyard)]
        if newLayout == .folders {
            for stage in stages {
                let place = ConfigurationPlace(project: name, stage: stage)
                files[try Metadata.path(in: try newLayout.folder(ofStage: stage))] = newMetadata(of: place)
            }
        }
        let own = try commit("Updated resource", files)
        var branches = [NewBranch(name: defaultBranch, commit: own)]
        for stage in stages where newLayout == .branches {
            let place = ConfigurationPlace(project: name, stage: stage)
            let first = try commit("Added stage: \(stage)", [try Metadata.path(in: nil): newMetadata(of: place)])
            branches.append(NewBranch(name: stage, commit: first))
        }
        return (root, branches)
    }

    private func create(_ name: String, _ new: FirstBranches) async throws {
        do {
            try await files.create(name, root: new.root, branches: new.branches)
        } catch let error as KeptnError where error.code == .conflict {
            throw Self.exists(name)
        }
    }

    /// With an upstream: pushed to an empty one, or imported when there is no shipyard. A draft says what is being
    /// made, for `finishUpstreams`.
    private func create(
        _ name: String, _ new: FirstBranches?, _ upstream: GitCredentials, isProvisioned: Bool, _ upstreams: Upstreams
    ) async throws {
        let draft = Upstreams.draft(of: name)
        do {
            try await upstreams.save(
                upstream, isProvisioned: isProvisioned, creation: new == nil ? .import : .push, as: draft)
            try await createAll(name, new, upstream, isProvisioned: isProvisioned, upstreams)
        } catch {
            await quietly("a secret is left over", name) { try await upstreams.secrets.delete(draft) }
            throw error
        }
        await quietly("a secret is left over", name) { try await upstreams.secrets.delete(draft) }
    }

    private func createAll(
        _ name: String, _ new: FirstBranches?, _ upstream: GitCredentials, isProvisioned: Bool, _ upstreams: Upstreams
    ) async throws {
        let theirs = try await upstreams.git.branches(at: upstream)
        switch new {
        case let new? where theirs.isEmpty:
            try await create(name, new)
            try await keepingOrRemoving(name) {
                try await upstreams.git.push(new.branches.map(\.name), of: name, to: upstream)
            }
        case .some:
            throw KeptnError(
                .conflict,
                "the upstream '\(upstream)' is initialized already; leave out the shipyard to import a project from it")
        case nil:
            guard theirs[defaultBranch] != nil else { throw Self.isNoProject(upstream, "branch '\(defaultBranch)'") }
            try await upstreams.git.fetch([defaultBranch], of: upstream, asNew: name)
            try await keepingOrRemoving(name) { try await completeImport(name, upstream, theirs, upstreams) }
        }
        try await keepingOrRemoving(name) {
            try await upstreams.save(upstream, isProvisioned: isProvisioned, as: Upstreams.secret(of: name))
            try await links?.add(upstream, isProvisioned: isProvisioned, to: name)
        }
    }

    /// Fetches the stages that the imported shipyard names.
    private func completeImport(
        _ name: String, _ upstream: GitCredentials, _ theirs: [String: String], _ upstreams: Upstreams
    ) async throws {
        let tip = try await tip(of: ConfigurationPlace(project: name))
        guard try await read(try RepositoryPath(Self.shipyardFile), at: tip, of: name) != nil else {
            throw Self.isNoProject(upstream, Self.shipyardFile)
        }
        let stages = try await shipyard(of: name, commit: tip).shipyard.stages.map(\.name)
        let isFolders = try await layout(at: tip, of: name) == .folders
        var missing: [String] = []
        for stage in stages {
            let isThere = try await isFolders ? hasFolder(ofStage: stage, at: tip, of: name) : theirs[stage] != nil
            if !isThere { missing.append(stage) }
        }
        guard missing.isEmpty else {
            let what = isFolders ? "folder" : "branch"
            throw Self.isNoProject(upstream, "\(what) for the stages \(missing.joined(separator: ", "))")
        }
        if isFolders { return }
        _ = try await upstreams.git.pull(stages, of: name, from: upstream)
    }

    private static func isNoProject(_ upstream: GitCredentials, _ missing: String) -> KeptnError {
        KeptnError(.conflict, "the upstream '\(upstream)' holds no project of Keptn's: it has no \(missing)")
    }

    /// All or nothing: takes the new repository away when the next step fails.
    private func keepingOrRemoving(_ name: String, _ step: () async throws -> Void) async throws {
        do {
            try await step()
        } catch {
            await quietly("a repository is left over", name) { try await files.remove(name) }
            throw error
        }
    }

    /// A step of tidying up, whose failure must not hide what went wrong before.
    func quietly(_ what: String, _ project: String, _ step: () async throws -> Void) async {
        do {
            try await step()
        } catch {
            logger.warning("\(what)", metadata: ["keptn.project": "\(project)", "error.message": "\(error)"])
        }
    }

    private func replace(shipyard: [UInt8]?, of project: String) async throws {
        guard let shipyard else { return }
        _ = try await write([(Self.shipyardFile, shipyard)], at: ConfigurationPlace(project: project))
    }
}
