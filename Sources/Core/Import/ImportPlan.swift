package import CloudEvents
package import KeptnModel

/// An import package whose every template was checked before the first task runs (K §3.6), and the values that its
/// tasks have produced so far.
package struct ImportPlan: Sendable {
    package let manifest: ImportManifest
    private let project: String
    private let files: [String: [UInt8]]
    /// Context and Response of every task that has run, by id.
    private var done: [(key: String, value: JSON)] = []

    /// Throws all mistakes at once.
    package init(
        _ manifest: ImportManifest, files: [String: [UInt8]], project: String
    ) throws(ImportMistakes) {
        self.manifest = manifest
        self.files = files
        self.project = project
        var mistakes: [String] = []
        var earlier: [String: ImportManifest.Task] = [:]
        for task in manifest.tasks {
            mistakes += Self.mistakes(of: task, file: files[task.file], earlier: earlier).map {
                "task \(task.id): \($0)"
            }
            earlier[task.id] = task
        }
        if !mistakes.isEmpty { throw ImportMistakes(mistakes) }
    }

    /// A task with all its templates filled in.
    package struct Step: Sendable, Hashable {
        package var context: [String: String]
        package var work: Work
    }

    package enum Work: Sendable, Hashable {
        case api(ImportManifest.Action, body: [UInt8])
        /// An empty stage means all of them.
        case resource(uri: String, bytes: [UInt8], stage: String, service: String)
    }

    /// Fills in the templates of a task, for which all earlier ones have to be done.
    package func step(for task: ImportManifest.Task) throws(ImportMistake) -> Step {
        let inputs: [(key: String, value: JSON?)] = [
            ("Inputs", ["project": .string(project)]), ("Tasks", .object(done.map { ($0.key, $0.value) })),
        ]
        var context: [String: String] = [:]
        for (key, value) in task.context {
            context[key] = try ImportTemplate(value).rendered(with: .object(inputs))
        }
        let own = (key: "Context", value: Optional(JSON.object(context.mapValues { .string($0) })))
        let bytes = files[task.file] ?? []
        switch task.work {
        case .api(let action, _):
            let text = String(decoding: bytes, as: UTF8.self)
            let body = try ImportTemplate(text).rendered(with: .object(inputs + [own]))
            return Step(context: context, work: .api(action, body: Array(body.utf8)))
        case .resource(_, let uri, let stage, let service):
            func filled(_ text: String) throws(ImportMistake) -> String {
                try ImportTemplate(text).rendered(with: .object(inputs + [own]))
            }
            var content = bytes
            if let text = String(validating: bytes, as: UTF8.self) {
                content = Array(try ImportTemplate(text).rendered(with: .object([own])).utf8)
            }
            return Step(
                context: context,
                work: .resource(
                    uri: try filled(uri), bytes: content, stage: try filled(stage), service: try filled(service)))
        }
    }

    /// Notes what a task answered, for the templates of later ones.
    package mutating func note(_ step: Step, of task: ImportManifest.Task, response: JSON) {
        let context = JSON.object(step.context.mapValues { .string($0) })
        done.append((task.id, ["Context": context, "Response": response]))
    }

    // MARK: - Checking

    private static func mistakes(
        of task: ImportManifest.Task, file: [UInt8]?, earlier: [String: ImportManifest.Task]
    ) -> [String] {
        var mistakes: [String] = []
        /// Notes what is wrong with a text; the names of `allowed` may stand first in a path.
        func check(_ text: String, _ place: String, _ allowed: Set<String>) {
            do {
                for path in try ImportTemplate(text).references {
                    if let problem = problem(path, allowed, task, earlier) {
                        mistakes.append("\(place): [[ .\(path.joined(separator: ".")) ]]: \(problem)")
                    }
                }
            } catch {
                mistakes.append("\(place): \(error)")
            }
        }
        for (key, value) in task.context.sorted(by: { $0.key < $1.key }) {
            check(value, "context.\(key)", ["Inputs", "Tasks"])
        }
        guard let file else { return mistakes + ["the package has no file '\(task.file)'"] }
        switch task.work {
        case .api:
            check(String(decoding: file, as: UTF8.self), task.file, ["Inputs", "Context", "Tasks"])
        case .resource(_, let uri, let stage, let service):
            for (place, text) in [("resourceUri", uri), ("stage", stage), ("service", service)] {
                check(text, place, ["Inputs", "Context", "Tasks"])
            }
            if let text = String(validating: file, as: UTF8.self) { check(text, task.file, ["Context"]) }
        }
        return mistakes
    }

    private static func problem(
        _ path: [String], _ allowed: Set<String>, _ task: ImportManifest.Task, _ earlier: [String: ImportManifest.Task]
    ) -> String? {
        guard let first = path.first, allowed.contains(first) else {
            return "only \(allowed.sorted().map { ".\($0)" }.joined(separator: ", ")) can be used here"
        }
        switch first {
        case "Inputs": return path == ["Inputs", "project"] ? nil : "the only input is .Inputs.project"
        case "Context":
            return path.count == 2 && task.context[path[1]] != nil ? nil : "the task's context has no such value"
        default:
            guard path.count > 3, let other = earlier[path[1]] else {
                return "a value of an earlier task is needed, such as .Tasks.ID.Context.name or .Tasks.ID.Response.name"
            }
            switch path[2] {
            case "Context": return other.context[path[3]] == nil ? "that task's context has no such value" : nil
            case "Response": return nil
            default: return "a task has .Context and .Response only"
            }
        }
    }
}

/// Everything that is wrong with an import package.
package struct ImportMistakes: Error, Sendable, Hashable, CustomStringConvertible {
    package let mistakes: [String]
    package init(_ mistakes: [String]) { self.mistakes = mistakes }
    package var description: String { mistakes.joined(separator: "; ") }
}
