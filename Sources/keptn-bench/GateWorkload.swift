import CloudEvents
import KeptnModel
import Ports
import RemoteClients

/// The measured gate: 20 objectives, each with a fixed bound and one relative to ten earlier results.
enum GateWorkload {
    static let slis = (1...20).map { "sli_\($0)" }
    private static let criteria = ["<=+10%", "<600"]

    static let slo =
        "comparison: {compare_with: several_results, number_of_comparison_results: 10}\n"
        + "objectives:\n"
        + slis.map { "- {sli: \($0), pass: [{criteria: [\"\(criteria.joined(separator: "\", \""))\"]}]}\n" }.joined()
        + "total_score: {pass: \"90%\", warning: \"75%\"}\n"

    static var objectives: SLO {
        SLO(
            comparison: .init(compareWith: "several_results", numberOfComparisonResults: 10),
            objectives: slis.map { SLO.Objective(sli: $0, pass: [.init(criteria)]) },
            totalScore: .init(pass: "90%", warning: "75%"))
    }

    private static let measurements = JSON.object(slis.map { ($0, JSON.number(100)) }).text

    /// Makes the projects, several side by side; gives so many of their places, those of different projects beside each
    /// other, with objectives and measurements.
    static func prepare(
        _ client: APIClient, projects: Int, stages: Int, services: Int, used: Int
    ) async throws -> [Scope] {
        let stageNames = (1...stages).map { "stage-\($0)" }
        let places = (1...services).flatMap { service in
            stageNames.flatMap { stage in
                (1...projects).map { Scope(project: "project-\($0)", stage: stage, service: "service-\(service)") }
            }
        }.prefix(used)
        let placesOfProjects = Dictionary(grouping: places, by: \.project)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...projects {
                if number > sideBySide { try await group.next() }
                let project = "project-\(number)"
                group.addTask {
                    try await make(client, project, stageNames, services, placesOfProjects[project] ?? [])
                    Output.note("prepared \(project) of \(projects)")
                }
            }
            try await group.waitForAll()
        }
        return Array(places)
    }

    private static let sideBySide = 8

    private static func make(
        _ client: APIClient, _ project: String, _ stages: [String], _ services: Int, _ places: [Scope]
    ) async throws {
        let shipyard =
            "apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nmetadata: {name: bench}\nspec:\n  stages:\n"
            + stages.map { "  - {name: \($0)}\n" }.joined()
        _ = try await client.post(
            "controlPlane/v1/project",
            ["name": .string(project), "shipyard": .string(Base64.encode(shipyard.utf8))])
        for service in 1...services {
            _ = try await client.post(
                "controlPlane/v1/project/\(project)/service", ["serviceName": .string("service-\(service)")])
        }
        try await write(client, "project/\(project)", "file/measurements.json", measurements)
        for place in places {
            try await write(
                client, "project/\(project)/stage/\(place.stage)/service/\(place.service)", "slo.yaml", slo)
        }
    }

    private static func write(_ client: APIClient, _ place: String, _ path: String, _ text: String) async throws {
        _ = try await client.post(
            "resource-service/v1/\(place)/resource",
            ["resources": [["resourceURI": .string(path), "resourceContent": .string(Base64.encode(text.utf8))]]])
    }

    static func trigger(_ place: Scope) -> CloudEvent {
        CloudEvent(
            keptn: .sequence(stage: place.stage, name: "evaluation", kind: .triggered), id: SystemIDs().newID(),
            source: "keptn-bench", time: SystemTime().now, context: SystemIDs().newID(),
            data: [
                "project": .string(place.project), "stage": .string(place.stage), "service": .string(place.service),
                "evaluation": ["timeframe": "5m"],
            ])
    }
}
