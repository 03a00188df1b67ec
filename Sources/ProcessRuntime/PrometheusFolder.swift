import FoundationEssentials
import Glibc
import NIOPosix
package import Ports
import Subprocess

/// A folder that a Prometheus of the user's reads: `targets/*.json` by its file discovery, `rules/*.yaml` as its rule
/// files. Rules are checked by `promtool` where it is there; Prometheus is told by `POST /-/reload` or SIGHUP.
package struct PrometheusFolder: MonitoringFiles {
    /// How Prometheus gets to know that its rules have changed; targets it notices by itself.
    package enum Reload: Sendable {
        case nothing
        /// Of Prometheus, which needs `--web.enable-lifecycle`.
        case post(url: String, by: any HTTPRequester)
        /// A file with the id of its process.
        case signal(pidFile: String)
    }

    private static let promtool = "promtool"
    private static let outputMax = 64 << 10
    private static let checkMax = Duration.seconds(30)
    private static let rulesSuffix = ".yaml"
    private static let draftSuffix = ".tmp"

    private let folder: String
    private let reload: Reload
    private let ids: any IDSource
    private let time: any TimeSource

    /// What an earlier server has left half written goes. What cannot be removed now is removed at the next start.
    package init(folder: String, reload: Reload, ids: any IDSource, time: any TimeSource) {
        self.folder = folder
        self.reload = reload
        self.ids = ids
        self.time = time
        for folder in [targets, rules] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            for name in names where Self.isDraft(name) { unlink("\(folder)/\(name)") }
        }
    }

    /// Files that are not yet what they shall be: to be checked, or to be given their name.
    private enum Draft: String, CaseIterable { case check, new }

    private func name(of draft: Draft) -> String { "\(draft.rawValue)-\(ids.newID())\(Self.draftSuffix)" }

    private static func isDraft(_ name: String) -> Bool {
        guard name.hasSuffix(draftSuffix) else { return false }
        return Draft.allCases.contains { draft in
            name.hasPrefix("\(draft.rawValue)-")
                && UUID(uuidString: String(name.dropFirst(draft.rawValue.count + 1).dropLast(draftSuffix.count))) != nil
        }
    }

    private var rules: String { "\(folder)/rules" }
    private var targets: String { "\(folder)/targets" }

    package func install(_ files: [MonitoringFile], removing names: [String]) async throws -> String {
        var doubts: [String] = []
        for file in files {
            let folder = file.kind == .targets ? targets : rules
            let temporaryName = name(of: .new)
            try await NIOThreadPool.singleton.runIfActive {
                do {
                    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                } catch {
                    throw KeptnError(.unavailable, "\(folder) cannot be made: \(FileFailure.reason(error))")
                }
            }
            if file.kind == .alertRules { doubts += try await check(file, in: folder) }
            try await NIOThreadPool.singleton.runIfActive {
                do {
                    try DurableFile.replace("\(folder)/\(file.name)", with: file.bytes, temporaryName: temporaryName)
                } catch {
                    throw KeptnError(.unavailable, "\(folder)/\(file.name) cannot be written: \(error)")
                }
            }
        }
        let gone = names.map { "\(rules)/\($0)" }
        try await NIOThreadPool.singleton.runIfActive {
            for path in gone where unlink(path) != 0 && errno != ENOENT {
                throw KeptnError(.unavailable, "\(path) cannot be removed: \(FileFailure.text(of: errno))")
            }
        }
        doubts += try await tellPrometheus()
        return doubts.joined(separator: ". ")
    }

    package func alertRules(named isWanted: @Sendable (String) -> Bool) async throws -> [MonitoringFile] {
        let rules = rules
        let names = try await NIOThreadPool.singleton.runIfActive {
            guard FileManager.default.fileExists(atPath: rules) else { return [String]() }
            do {
                return try FileManager.default.contentsOfDirectory(atPath: rules)
            } catch {
                throw KeptnError(.unavailable, "\(rules) cannot be read: \(FileFailure.reason(error))")
            }
        }
        var files: [MonitoringFile] = []
        for name in names.sorted() where name.hasSuffix(Self.rulesSuffix) && isWanted(name) {
            let bytes = try await NIOThreadPool.singleton.runIfActive {
                FileManager.default.contents(atPath: "\(rules)/\(name)").map { [UInt8]($0) }
            }
            // One that was removed meanwhile, or is no file that we may read, is none of ours.
            if let bytes { files.append(MonitoringFile(.alertRules, name: name, bytes: bytes)) }
        }
        return files
    }

    /// What `promtool check rules` says of the file before anybody else sees it.
    private func check(_ file: MonitoringFile, in folder: String) async throws -> [String] {
        let draft = "\(folder)/\(name(of: .check))"
        let temporaryName = name(of: .new)
        try await NIOThreadPool.singleton.runIfActive {
            do {
                try DurableFile.replace(draft, with: file.bytes, temporaryName: temporaryName)
            } catch {
                throw KeptnError(.unavailable, "\(draft) cannot be written: \(error)")
            }
        }
        defer { unlink(draft) }
        do {
            let complaint = try await time.withDeadline(Self.checkMax, Self.promtool) {
                let result = try await Subprocess.run(
                    .name(Self.promtool), arguments: ["check", "rules", draft],
                    output: .string(limit: Self.outputMax), error: .string(limit: Self.outputMax))
                return result.terminationStatus.isSuccess ? "" : result.standardOutput + result.standardError
            }
            guard complaint.isEmpty else {
                throw KeptnError(.invalidInput, "promtool refuses the rules of \(file.name): \(complaint)")
            }
            return []
        } catch let error as KeptnError {
            throw error
        } catch {
            try Task.checkCancellation()
            return ["The rules were not checked by promtool: \(error)"]
        }
    }

    private func tellPrometheus() async throws -> [String] {
        switch reload {
        case .nothing: return ["Prometheus reads its rules again by SIGHUP, or POST /-/reload"]
        case .post(let url, let requester):
            let address = (url.hasSuffix("/") ? String(url.dropLast()) : url) + "/-/reload"
            do {
                let answer = try await requester.send(OutgoingRequest(method: "POST", url: address))
                guard answer.status != 200 else { return [] }
                let hint = answer.status == 403 ? "; it needs --web.enable-lifecycle" : ""
                return ["Prometheus did not reload its rules: \(address) answered \(answer.status)\(hint)"]
            } catch let error as RequestFailure {
                return ["Prometheus did not reload its rules: \(address): \(error)"]
            }
        case .signal(let pidFile):
            return try await NIOThreadPool.singleton.runIfActive {
                let text = FileManager.default.contents(atPath: pidFile).map { String(decoding: $0, as: UTF8.self) }
                guard let pid = text.flatMap({ Int32($0.filter { !$0.isWhitespace }) }), pid > 1 else {
                    return ["Prometheus was not told: \(pidFile) holds no process id"]
                }
                return kill(pid, SIGHUP) == 0 ? [] : ["Prometheus was not told: there is no process \(pid)"]
            }
        }
    }
}
