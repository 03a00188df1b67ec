import CloudEvents
import Core
import GoTemplate
import KeptnModel
import SpecFiles

/// Files that users write.
extension FuzzTarget {
    static let files = [
        FuzzTarget(name: "shipyard") { bytes in
            guard let shipyard = read(bytes, SpecFiles.shipyard) else { return }
            for stage in shipyard.stages {
                for sequence in stage.sequences {
                    guard !sequence.tasks.isEmpty else { continue }
                    let plan = SequencePlan.find(sequence.name, in: stage.name, of: shipyard, gitCommitID: nil)
                    if case .unusable(let reason) = plan { require(false, reason) }
                }
            }
        },
        FuzzTarget(name: "slo") { bytes in
            // The file, and what an SLI provider measured.
            let documents = bytes.documents
            guard let slo = read(documents[0], SpecFiles.slo) ?? nil else { return }
            let data = documents.dropFirst().first.flatMap { try? JSON(parsing: $0) } ?? .emptyObject
            guard let values = try? SLIValue.values(ofGetSLIFinished: data) else { return }
            let previous = PreviousEvaluation(eventID: "previous", values: values)
            let outcome = Evaluation.evaluate(slo: slo, values: values, previous: [previous])
            let json = outcome.evaluationJSON(timeStart: "", timeEnd: "", sloFile: documents[0], gitCommit: nil)
            require((try? JSON(parsing: json.bytes)) != nil, "the evaluation is no JSON: \(json)")
        },
        FuzzTarget(name: "sli") { _ = read($0, SpecFiles.sli) },
        FuzzTarget(name: "jmeter-conf") { _ = read($0, SpecFiles.testConfiguration) },
        FuzzTarget(name: "test-plan") { _ = read($0, SpecFiles.testPlan) },
        FuzzTarget(name: "process") { _ = read($0, SpecFiles.process) },
        FuzzTarget(name: "webhook") { _ = read($0, SpecFiles.webhook) },
        FuzzTarget(name: "remediation") { bytes in
            // The file, and a problem.
            let documents = bytes.documents
            guard let spec = read(documents[0], SpecFiles.remediation) else { return }
            let problem = Problem(documents.dropFirst().first.flatMap { try? JSON(parsing: $0) } ?? .emptyObject)
            for remediation in spec.remediations {
                require(!remediation.actions.isEmpty, "\(remediation.problemType) has no actions")
            }
            for index in 0...1 { _ = spec.choice(for: problem, index: index) }
        },
        FuzzTarget(name: "lighthouse-config") { _ = read($0, SpecFiles.sliProvider) },
        FuzzTarget(name: "sli-provider") { _ = read($0, SpecFiles.sliProviderSpec) },
        FuzzTarget(name: "openslo") { bytes in
            guard let objectives = read(bytes, SpecFiles.openSLOs) else { return }
            let imported = OpenSLOImport(objectives, pass: ["burn_rate<1"], warning: [])
            let written = Array(SpecFiles.yaml(from: imported.slo).utf8)
            require((try? SpecFiles.slo(written, file: "slo.yaml")) != nil, "the SLO that was written cannot be read")
        },
        FuzzTarget(name: "measurements") { bytes in
            let (start, end) = (Timestamp(seconds: 1_000_000_000), Timestamp(seconds: 2_000_000_000))
            for format in [MeasurementFile.Format.csv, .json] {
                guard let file = try? MeasurementFile(bytes, format: format, from: start, to: end) else { continue }
                for query in ["latency", "p95(latency)", "last(errors)"] {
                    let value = file.value("x", query, wantsSamples: true)
                    require(value.success || !value.message.isEmpty, "no value and no reason")
                    require(value.value.isFinite, "\(query) is \(value.value)")
                }
            }
        },
        FuzzTarget(name: "import-package") { bytes in
            // The manifest, and the one file that all its tasks use.
            let documents = bytes.documents
            guard let manifest = read(documents[0], SpecFiles.importManifest) else { return }
            let content = documents.dropFirst().first ?? []
            let names = Set(manifest.tasks.map(\.file))
            let files = Dictionary(uniqueKeysWithValues: names.map { ($0, content) })
            guard var plan = try? ImportPlan(manifest, files: files, project: "sockshop") else { return }
            for task in manifest.tasks {
                guard let step = try? plan.step(for: task) else { return }
                plan.note(step, of: task, response: ["id": "4711"])
            }
        },
        FuzzTarget(name: "go-template") { bytes in
            // The template, and its data.
            let documents = bytes.documents
            guard let template = try? Template(String(decoding: documents[0], as: UTF8.self)) else { return }
            let data = documents.dropFirst().first.flatMap { try? JSON(parsing: $0) } ?? .emptyObject
            for missingKey in Template.MissingKey.allCases {
                guard let text = try? template.rendered(with: data, missingKey: missingKey) else { continue }
                require(text.utf8.count <= 4 << 20, "\(text.utf8.count) bytes of text")
            }
        },
        FuzzTarget(name: "yaml") { bytes in
            guard let json = try? SpecFiles.json(bytes, file: "file.yaml") else { return }
            require((try? JSON(parsing: json.bytes)) != nil, "the JSON of the file is none: \(json)")
        },
        FuzzTarget(name: "yaml-writing") { bytes in
            let json: JSON = [String(decoding: bytes, as: UTF8.self): .string(String(decoding: bytes, as: UTF8.self))]
            let yaml = SpecFiles.yaml(from: json)
            require(
                (try? SpecFiles.json(Array(yaml.utf8), file: "file.yaml")) == json, "\(json) is read back from \(yaml)")
        },
    ]

    /// What a file says; nil for one with mistakes, each of which has to be a sentence about a place in the file.
    private static func read<Value>(
        _ bytes: [UInt8], _ parse: ([UInt8], String) throws(InvalidFile) -> Parsed<Value>
    ) -> Value? {
        do throws(InvalidFile) {
            let parsed = try parse(bytes, "file.yaml")
            check(parsed.warnings, in: bytes)
            return parsed.value
        } catch {
            require(error.diagnostics.contains { $0.severity == .error }, "refused without a reason")
            check(error.diagnostics, in: bytes)
            return nil
        }
    }

    private static func check(_ diagnostics: [Diagnostic], in bytes: [UInt8]) {
        // YAML also counts carriage returns and Unicode's line ends; none of them is shorter than a byte.
        for diagnostic in diagnostics {
            require(!diagnostic.message.isEmpty, "a mistake without a message: \(diagnostic)")
            require((0...bytes.count + 1).contains(diagnostic.line), "a mistake outside of the file: \(diagnostic)")
        }
    }
}
