import KeptnModel

/// `manifest.yaml` of an import package.
extension ImportManifest {
    init(reading root: Place) {
        let file = root.fields(["apiVersion", "tasks"])
        if let version = file.required("apiVersion"), version.text() != Self.apiVersion {
            version.mismatch(Self.apiVersion)
        }
        var ids: Set<String> = []
        let tasks = file["tasks"]?.elements() ?? []
        self.init(tasks: tasks.map { Task(reading: $0, ids: &ids) })
    }
}

extension ImportManifest.Task {
    fileprivate init(reading place: Place, ids: inout Set<String>) {
        let fields = place.fields([
            "id", "type", "name", "context", "action", "payload", "resource", "resourceUri", "stage", "service",
        ])
        let idPlace = fields.required("id")
        let id = idPlace?.text() ?? ""
        if let idPlace {
            let isGood = !id.isEmpty && id.utf8.allSatisfy(Self.isWordByte)
            if !isGood { idPlace.mismatch("letters, digits and underscores only") }
            if isGood, !ids.insert(id).inserted { idPlace.error("'\(id)' is the id of an earlier task") }
        }
        self.init(
            id: id, name: fields["name"]?.text() ?? "", context: fields["context"]?.textMap() ?? [:],
            work: Self.work(fields))
    }

    private static func work(_ fields: Fields) -> ImportManifest.Work {
        let nothing = ImportManifest.Work.resource(file: "", uri: "", stage: "", service: "")
        guard let type = fields.required("type") else { return nothing }
        switch type.text() {
        case "api":
            let payload = fields.required("payload")?.text() ?? ""
            guard let place = fields.required("action") else { return nothing }
            guard let action = ImportManifest.Action(rawValue: place.text()) else {
                place.mismatch("one of " + ImportManifest.Action.allCases.map(\.rawValue).joined(separator: ", "))
                return nothing
            }
            return .api(action, payload: payload)
        case "resource":
            if let service = fields["service"], fields["stage"] == nil {
                service.error("'service' needs a 'stage' beside it")
            }
            return .resource(
                file: fields.required("resource")?.text() ?? "", uri: fields.required("resourceUri")?.text() ?? "",
                stage: fields["stage"]?.text() ?? "", service: fields["service"]?.text() ?? "")
        default:
            type.mismatch("'api' or 'resource'")
            return nothing
        }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
